//! The command from outside: what a user types and gets.

#![allow(clippy::print_stderr)] // a skipped test says so

mod bad_input;
mod browser;
#[path = "../../../repshape-report/tests/browser/mod.rs"]
mod chromium;
mod compare;
mod get;
mod golden;
mod json;
mod models;
mod monitor;
mod onnx;
mod parts;
mod reproduce;
mod resume;
mod rewire;
mod server;
mod snapshots;
mod steps;
mod support;
