//! The map of the verbs, shell completions and man pages: all from the one definition.

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs, Global, ManArgs};
use crate::failure::{Failure, Outcome};
use crate::output::{emit, write_file};

/// What `repshape` alone prints: every verb with one example that runs.
const MAP: &str = "\
repshape shapes, measures and rewires the hidden representations of neural networks.

  study      compare regularizers, tuned and repeated    repshape study
  shape      train one network with penalties            repshape shape --penalty cw-vr=0.1@fc5 --out my-run
  measure    the characteristics of a representation     repshape measure my-run
  sites      where a model can be measured               repshape sites my-run/model.onnx
  compare    two representations of the same rows        repshape compare my-run my-run --site-a fc1 --site-b fc5
  rewire     another network, the same outputs           repshape rewire --demo
  penalty    a penalty and its gradient on a matrix      repshape penalty z.npy --penalty cr
  report     one page from finished runs                 repshape report my-run
  reproduce  a table or figure of a paper                repshape reproduce
  data       what data sets there are                    repshape data show digits

repshape VERB --help says more.
";

/// Prints the map.
pub fn map(global: &Global) -> Outcome {
    emit(global, MAP)
}

/// Prints a shell's completions.
pub fn completions(args: &CompletionsArgs, global: &Global) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "repshape", &mut text);
    emit(global, &String::from_utf8_lossy(&text))
}

/// Writes `repshape.1` and one page for each verb.
pub fn man(args: &ManArgs) -> Outcome {
    let mut command = Cli::command();
    command.build();
    let mut pages = vec![command.clone()];
    pages.extend(command.get_subcommands().filter(|c| c.get_name() != "help").cloned());
    for page in pages {
        let name = page.get_display_name().unwrap_or(page.get_name()).to_owned();
        let mut text = Vec::new();
        clap_mangen::Man::new(page.display_name(name.clone())).render(&mut text).map_err(Failure::usage)?;
        write_file(&args.dir.join(format!("{name}.1")), &text)?;
    }
    Ok(())
}
