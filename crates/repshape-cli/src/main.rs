//! `repshape`: shapes, measures and rewires the hidden representations of neural networks.

mod cli;
mod command;
mod experiment;
mod export;
mod failure;
mod interrupt;
mod memory;
mod monitoring;
mod output;
mod pages;
mod progress;
mod representations;
mod rewiring;
mod rows;
mod run_folder;
mod shell;
mod spec;
mod study_table;
mod training;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use failure::{Failure, Outcome};

// glibc's allocator costs half of a training step
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // a model that makes its runtime panic becomes an error in words; the panic itself would only puzzle
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !std::thread::current().name().is_some_and(repshape_onnx::is_model_thread) {
            usual(panic);
        }
    }));
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::warn(&format!("error: {}", failure.message));
            ExitCode::from(u8::try_from(failure.code).unwrap_or(1))
        }
    }
}

fn run(cli: &Cli) -> Outcome {
    let global = &cli.global;
    if let Some(threads) = global.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .map_err(|error| Failure::usage(format!("--threads {threads}: {error}")))?;
    }
    match &cli.command {
        None => shell::map(global),
        Some(Command::Study(args)) => command::study::run(args, global),
        Some(Command::Shape(args)) => command::shape::run(args, global),
        Some(Command::Measure(args)) => command::measure::run(args, global),
        Some(Command::Compare(args)) => command::compare::run(args, global),
        Some(Command::Rewire(args)) => command::rewire::run(args, global),
        Some(Command::Sites(args)) => command::sites::run(args, global),
        Some(Command::Penalty(args)) => command::penalty::run(args, global),
        Some(Command::Report(args)) => command::report::run(args, global),
        Some(Command::Reproduce(args)) => command::reproduce::run(args, global),
        Some(Command::Data(args)) => command::data::run(args, global),
        Some(Command::Completions(args)) => shell::completions(args, global),
        Some(Command::Man(args)) => shell::man(args),
    }
}
