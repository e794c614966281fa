//! Reading ahead: one thread reads the next blocks while the caller computes with this one.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use crate::matrix::RowSource;
use crate::numbers::Numbers;
use crate::{DataError, Result};

/// Blocks read ahead of the one that is worked on.
const AHEAD: usize = 2;

/// The same rows, read ahead on a thread of their own in blocks of `block_rows`, in the file's precision.
///
/// Ask for blocks of `block_rows`: they are then handed over without a copy. Fewer are cut off the block at hand,
/// and more than `block_rows` never come at once. At most four blocks are in memory. An error comes where the rows
/// before it end; the thread ends with the source or with the last row.
///
/// ```
/// use repshape_data::{MatrixOptions, Numbers, open_matrix, prefetched, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("z.npy");
/// write::write_npy(&path, &[5, 2], &[0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])?;
/// let mut source = prefetched(open_matrix(&path, &MatrixOptions::default())?, 3);
/// let mut block = Numbers::default();
/// assert_eq!(source.next_numbers(&mut block, 3)?, 3);
/// assert_eq!(block, Numbers::F32(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
/// assert_eq!(source.next_numbers(&mut block, 3)?, 2);
/// assert_eq!(source.next_numbers(&mut block, 3)?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn prefetched(source: Box<dyn RowSource>, block_rows: usize) -> Box<dyn RowSource> {
    let (full, blocks) = sync_channel(AHEAD);
    let (used, empty) = channel();
    let (name, rows, units) = (source.name().to_owned(), source.rows(), source.units());
    let row_shape = source.row_shape().to_vec();
    // the source is given once there is a thread: where the system has none to give, it is used as it is
    let (give, take) = channel();
    let reader = move || {
        if let Ok(source) = take.recv() {
            read_ahead(source, block_rows.max(1), &full, &empty);
        }
    };
    let Ok(thread) = std::thread::Builder::new().name("read ahead".to_owned()).spawn(reader) else {
        return source;
    };
    if let Err(source) = give.send(source) {
        return source.0;
    }
    Box::new(Prefetched {
        name,
        rows,
        units,
        row_shape,
        block: Numbers::default(),
        block_rows: 0..0,
        blocks: Some(blocks),
        used,
        thread: Some(thread),
    })
}

/// What the thread sends: a block with its rows, or why there are no more.
type Read = Result<(Numbers, usize)>;

fn read_ahead(mut source: Box<dyn RowSource>, rows: usize, full: &SyncSender<Read>, empty: &Receiver<Numbers>) {
    loop {
        let mut block = empty.try_recv().unwrap_or_default();
        let read = source.next_numbers(&mut block, rows).map(|rows| (block, rows));
        let is_last = !matches!(read, Ok((_, 1..)));
        if full.send(read).is_err() || is_last {
            return;
        }
    }
}

struct Prefetched {
    name: String,
    rows: Option<usize>,
    row_shape: Vec<usize>,
    units: usize,
    block: Numbers,
    /// Which rows of `block` are still to be given.
    block_rows: std::ops::Range<usize>,
    /// `None` after the last block.
    blocks: Option<Receiver<Read>>,
    used: Sender<Numbers>,
    thread: Option<JoinHandle<()>>,
}

impl Prefetched {
    /// Makes sure that `block` holds rows to be given, if there are more.
    fn refill(&mut self) -> Result<()> {
        if !self.block_rows.is_empty() {
            return Ok(());
        }
        let Some(blocks) = &self.blocks else {
            return Ok(());
        };
        match blocks.recv() {
            Ok(Ok((block, rows))) => {
                let old = std::mem::replace(&mut self.block, block);
                // nobody takes it after the last block
                let _ = self.used.send(old);
                self.block_rows = 0..rows;
                if rows == 0 {
                    self.blocks = None;
                }
                Ok(())
            }
            Ok(Err(error)) => {
                self.blocks = None;
                Err(error)
            }
            Err(_) => {
                self.blocks = None;
                Err(DataError::file(&self.name, "the thread that reads it ended before its last row"))
            }
        }
    }

    /// The places of the next rows in `block`.
    fn take(&mut self, max_rows: usize) -> (usize, usize, usize) {
        let start = self.block_rows.start;
        let rows = max_rows.min(self.block_rows.len());
        self.block_rows.start += rows;
        (start * self.units, (start + rows) * self.units, rows)
    }
}

impl RowSource for Prefetched {
    fn name(&self) -> &str {
        &self.name
    }

    fn rows(&self) -> Option<usize> {
        self.rows
    }

    fn units(&self) -> usize {
        self.units
    }

    fn row_shape(&self) -> &[usize] {
        &self.row_shape
    }

    fn next_block(&mut self, block: &mut Vec<f64>, max_rows: usize) -> Result<usize> {
        block.clear();
        self.refill()?;
        let (start, end, rows) = self.take(max_rows);
        self.block.widen_into(start, end, block);
        Ok(rows)
    }

    fn next_numbers(&mut self, block: &mut Numbers, max_rows: usize) -> Result<usize> {
        self.refill()?;
        if self.block_rows.start == 0 && self.block_rows.len() <= max_rows {
            std::mem::swap(block, &mut self.block);
            return Ok(std::mem::take(&mut self.block_rows).len());
        }
        let (start, end, rows) = self.take(max_rows);
        self.block.copy_into(start, end, block);
        Ok(rows)
    }
}

impl Drop for Prefetched {
    fn drop(&mut self) {
        // the thread's next send fails, and it ends
        self.blocks = None;
        if let Some(thread) = self.thread.take() {
            // a panic of the source was reported where its rows ended
            let _ = thread.join();
        }
    }
}
