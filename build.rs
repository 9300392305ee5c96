//! Bundles the browser console from `console/` and hands it to the server as `$OUT_DIR/console_assets.rs`.
//!
//! The console is a convenience and npm a heavy thing to ask for, so a build without npm or without a
//! registry succeeds all the same: the page at `/graphiql` then says what is missing and how to get it.
#![expect(clippy::expect_used, reason = "a build script that cannot do its work should stop the build")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::{env, fmt::Write as _, fs, io};

/// The page, and what it loads: each file gzipped as `NAME.gz`, with its content type.
const PAGE: &str = "index.html";
const ASSETS: &[(&str, &str)] = &[
    ("console.js", "text/javascript; charset=utf-8"),
    ("console.css", "text/css; charset=utf-8"),
    ("editor.worker.js", "text/javascript; charset=utf-8"),
    ("graphql.worker.js", "text/javascript; charset=utf-8"),
    ("json.worker.js", "text/javascript; charset=utf-8"),
];

const SKIP: &str = "GUILDHALL_SKIP_CONSOLE";
/// Where the bundle is, if it was built already: by a stage of a container's build that has npm, where this one has not.
const BUILT: &str = "GUILDHALL_CONSOLE";

const INSTALL: &str = "Install Node.js 20 or newer with npm, see that npm can reach a package registry, \
                       then <code>touch build.rs</code> and build the server again.";

/// Why the console is left out.
struct Missing {
    /// A sentence for the page, in HTML.
    reason: String,
    remedy: &'static str,
    /// What only the person at the terminal needs: npm's own words, which may name local paths.
    detail: String,
}

impl Missing {
    fn new(reason: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: INSTALL, detail: detail.into() }
    }
}

fn main() {
    // The migrations are embedded, and only this makes cargo notice a new one.
    println!("cargo:rerun-if-changed=migrations");
    let source = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("console");
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let bundle = out_dir.join("console");
    let work = out_dir.join("console-build");

    println!("cargo:rerun-if-changed=build.rs");
    // The other sources are listed as they are copied. This one is named even when it is not there, so that
    // a checkout whose console/ arrives later (a container's layer of dependencies, say) is noticed.
    println!("cargo:rerun-if-changed=console/package.json");
    println!("cargo:rerun-if-env-changed={SKIP}");
    println!("cargo:rerun-if-env-changed={BUILT}");

    fresh_dir(&bundle).expect("OUT_DIR is writable");
    let built = build_console(&source, &work, &bundle);
    // node_modules is some 200 MB, and every profile has an OUT_DIR of its own.
    let _ = fs::remove_dir_all(&work);

    let assets = match built {
        Ok(()) => ASSETS,
        Err(missing) => {
            if !missing.detail.is_empty() {
                println!("cargo:warning=The GraphiQL console is left out of this build: {}", missing.detail);
            }
            fresh_dir(&bundle).expect("OUT_DIR is writable");
            fs::write(bundle.join(PAGE), placeholder(&missing)).expect("OUT_DIR is writable");
            &[]
        }
    };
    fs::write(out_dir.join("console_assets.rs"), table(assets)).expect("OUT_DIR is writable");
}

fn build_console(source: &Path, work: &Path, bundle: &Path) -> Result<(), Missing> {
    if env::var_os(SKIP).is_some_and(|value| !value.is_empty() && value != "0") {
        return Err(Missing {
            reason: format!("it was built with <code>{SKIP}</code> set"),
            remedy: "Unset the variable and build the server again.",
            // Asked for, so nothing to warn of.
            detail: String::new(),
        });
    }
    if let Some(built) = env::var_os(BUILT) {
        copy_sources(Path::new(&built), bundle).expect("GUILDHALL_CONSOLE names the built console");
        return complete(bundle, "GUILDHALL_CONSOLE");
    }
    // npm runs on a copy: a build script must not write into the source tree.
    fresh_dir(work).and_then(|()| copy_sources(source, work)).map_err(|error| {
        Missing::new(
            "the sources in <code>console/</code> could not be copied",
            format!("copying {}: {error}", source.display()),
        )
    })?;

    // Both are said aloud because NODE_ENV=production or a user's own npmrc would leave out esbuild.
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    run(Command::new(npm).args(["ci", "--include=dev", "--include=optional"]), "npm ci", work)?;
    run(Command::new("node").arg("build.mjs").arg(bundle), "node build.mjs", work)?;
    complete(bundle, "console/build.mjs")
}

/// The pages and the packed assets must all be there, whoever made them.
fn complete(bundle: &Path, maker: &str) -> Result<(), Missing> {
    let files = ASSETS.iter().map(|(name, _)| format!("{name}.gz"));
    match files.chain([PAGE.to_owned()]).find(|name| !bundle.join(name).is_file()) {
        None => Ok(()),
        Some(name) => Err(Missing::new(
            format!("the bundle came out without <code>{name}</code>"),
            format!("{maker} gave no {name}"),
        )),
    }
}

/// Runs one step in `dir`, keeping its output unless it fails.
fn run(command: &mut Command, step: &str, dir: &Path) -> Result<(), Missing> {
    match command.current_dir(dir).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let code = exit_code(output.status);
            Err(Missing::new(
                format!("<code>{step}</code> failed ({code})"),
                format!("`{step}` failed ({code}). {}", last_words(&String::from_utf8_lossy(&output.stderr))),
            ))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let program = step.split(' ').next().unwrap_or(step);
            Err(Missing::new(
                format!("<code>{program}</code> was not found on the machine that built it"),
                format!("{program} is not installed, or not on PATH"),
            ))
        }
        Err(error) => Err(Missing::new(
            format!("<code>{step}</code> could not be started"),
            format!("`{step}` could not be started: {error}"),
        )),
    }
}

fn exit_code(status: ExitStatus) -> String {
    status.code().map_or_else(|| "killed by a signal".to_owned(), |code| format!("exit code {code}"))
}

/// The error lines of a failed step, in the one line that a cargo warning may have.
fn last_words(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("npm warn"))
        .take(4)
        .collect();
    lines.join(" | ")
}

fn fresh_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(dir)
}

/// Copies the console's sources and has cargo watch each of them. Watching `console/` as a whole would
/// take in a developer's own `node_modules` and rebuild the server after every `npm install`.
fn copy_sources(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if name == "node_modules" || name == "dist" {
            continue;
        }
        println!("cargo:rerun-if-changed={}", path.display());
        let target = to.join(name);
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy_sources(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

fn placeholder(missing: &Missing) -> String {
    let Missing { reason, remedy, .. } = missing;
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <meta charset=\"utf-8\">\n\
         <title>Guildhall console</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <h1>The console was left out of this build</h1>\n\
         <p>This server has no GraphiQL console, because {reason}.</p>\n\
         <p>{remedy}</p>\n\
         <p>The API itself is complete: send GraphQL requests to <code>/graphql</code>.</p>\n\
         </html>\n"
    )
}

/// The Rust source of the table the server includes.
fn table(assets: &[(&str, &str)]) -> String {
    let mut code = String::from(
        "/// The console's page.\n\
         const PAGE: &str = include_str!(concat!(env!(\"OUT_DIR\"), \"/console/index.html\"));\n\
         /// What it loads: path under `/graphiql/`, content type, gzipped bytes.\n\
         static ASSETS: &[(&str, &str, &[u8])] = &[\n",
    );
    for (name, content_type) in assets {
        writeln!(
            code,
            "    ({name:?}, {content_type:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/console/{name}.gz\"))),"
        )
        .expect("writing to a String cannot fail");
    }
    code.push_str("];\n");
    code
}
