//! The `guildhall` command.

use std::process::ExitCode;

use guildhall::http::WebFiles;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    guildhall::cli::main(WebFiles {
        files: guildhall_web::FILES,
        routes: guildhall_web::ROUTES,
        documents: guildhall_web::DOCUMENTS,
    })
}
