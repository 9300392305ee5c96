//! Bundles the browser console from `console/` and generates `$OUT_DIR/console_assets.rs`, which the server includes.
//!
//! The console is optional, so the build also succeeds without npm or its registry. The page at `/graphiql` then says
//! what is missing and how to install it.
#![expect(clippy::expect_used, reason = "if the build script fails, the build must stop")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::{env, fmt::Write as _, fs, io};

/// The console's page.
const PAGE: &str = "index.html";
/// The files that the page loads, with their content types. The bundle contains each gzipped, as `NAME.gz`.
const ASSETS: &[(&str, &str)] = &[
    ("console.js", "text/javascript; charset=utf-8"),
    ("console.css", "text/css; charset=utf-8"),
    ("editor.worker.js", "text/javascript; charset=utf-8"),
    ("graphql.worker.js", "text/javascript; charset=utf-8"),
    ("json.worker.js", "text/javascript; charset=utf-8"),
];

/// The variable that leaves the console out, unless it is empty or 0.
const SKIP: &str = "GUILDHALL_SKIP_CONSOLE";
/// The variable with the folder of an existing bundle, such as from an earlier stage of a container's build that has
/// npm.
const BUILT: &str = "GUILDHALL_CONSOLE";

const INSTALL: &str = "Install Node.js 20 or newer with npm, make sure that npm can reach a package registry, \
                       then <code>touch src/build.rs</code> and build the server again.";

/// Why the console is left out.
struct Missing {
    /// A clause for the page, in HTML.
    reason: String,
    /// What to do about it, in HTML.
    remedy: &'static str,
    /// npm's output, for the terminal only, because it may contain local paths. Empty if no warning is needed.
    detail: String,
}

impl Missing {
    fn new(reason: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: INSTALL, detail: detail.into() }
    }
}

fn main() {
    // The migrations are embedded, and cargo would not notice a new one.
    println!("cargo:rerun-if-changed=../migrations");
    let source = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../console");
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let bundle = out_dir.join("console");
    let work = out_dir.join("console-build");

    println!("cargo:rerun-if-changed=build.rs");
    // `copy_sources` lists the other sources. This one is listed even if it is missing, so that cargo notices when
    // console/ is added later, for example by a later layer of a container's build.
    println!("cargo:rerun-if-changed=../console/package.json");
    println!("cargo:rerun-if-env-changed={SKIP}");
    println!("cargo:rerun-if-env-changed={BUILT}");

    recreate_dir(&bundle).expect("OUT_DIR is writable");
    let built = build_console(&source, &work, &bundle);
    // node_modules takes about 200 MB, and every profile has its own OUT_DIR.
    let _ = fs::remove_dir_all(&work);

    let assets = match built {
        Ok(()) => ASSETS,
        Err(missing) => {
            if !missing.detail.is_empty() {
                println!("cargo:warning=The GraphiQL console is left out of this build: {}", missing.detail);
            }
            recreate_dir(&bundle).expect("OUT_DIR is writable");
            fs::write(bundle.join(PAGE), placeholder(&missing)).expect("OUT_DIR is writable");
            &[]
        }
    };
    fs::write(out_dir.join("console_assets.rs"), assets_source(assets)).expect("OUT_DIR is writable");
}

fn build_console(source: &Path, work: &Path, bundle: &Path) -> Result<(), Missing> {
    if env::var_os(SKIP).is_some_and(|value| !value.is_empty() && value != "0") {
        return Err(Missing {
            reason: format!("it was built with <code>{SKIP}</code> set"),
            remedy: "Unset the variable and build the server again.",
            detail: String::new(),
        });
    }
    if let Some(built) = env::var_os(BUILT) {
        copy_sources(Path::new(&built), bundle).expect("GUILDHALL_CONSOLE names the built console");
        return check_bundle(bundle, "GUILDHALL_CONSOLE");
    }
    // npm runs on a copy, because a build script must not write to the source tree.
    recreate_dir(work).and_then(|()| copy_sources(source, work)).map_err(|error| {
        Missing::new(
            "the sources in <code>console/</code> could not be copied",
            format!("copying {}: {error}", source.display()),
        )
    })?;

    // The two flags are needed because NODE_ENV=production or the user's npmrc could leave esbuild out.
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    run(Command::new(npm).args(["ci", "--include=dev", "--include=optional"]), "npm ci", work)?;
    run(Command::new("node").arg("build.mjs").arg(bundle), "node build.mjs", work)?;
    check_bundle(bundle, "console/build.mjs")
}

/// Checks that the bundle contains the page and all assets.
fn check_bundle(bundle: &Path, origin: &str) -> Result<(), Missing> {
    let files = ASSETS.iter().map(|(name, _)| format!("{name}.gz"));
    match files.chain([PAGE.to_owned()]).find(|name| !bundle.join(name).is_file()) {
        None => Ok(()),
        Some(name) => Err(Missing::new(
            format!("the bundle has no <code>{name}</code>"),
            format!("{origin} has produced no {name}"),
        )),
    }
}

/// Runs one step of the build in `dir`. Returns its output only if it fails.
fn run(command: &mut Command, step: &str, dir: &Path) -> Result<(), Missing> {
    match command.current_dir(dir).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let code = exit_code(output.status);
            Err(Missing::new(
                format!("<code>{step}</code> failed ({code})"),
                format!("`{step}` failed ({code}). {}", first_errors(&String::from_utf8_lossy(&output.stderr))),
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

/// Returns the first error lines of a failed step, joined because a cargo warning must be a single line.
fn first_errors(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("npm warn"))
        .take(4)
        .collect();
    lines.join(" | ")
}

fn recreate_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(dir)
}

/// Copies the console's sources and makes cargo watch each of them. If cargo watched all of `console/`, each `npm
/// install` in a developer's checkout would rebuild the server.
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

/// Generates the Rust source that the server includes.
fn assets_source(assets: &[(&str, &str)]) -> String {
    let mut code = String::from(
        "/// The console's page.\n\
         const PAGE: &str = include_str!(concat!(env!(\"OUT_DIR\"), \"/console/index.html\"));\n\
         /// The files that the page loads: path under `/graphiql/`, content type, gzipped bytes.\n\
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
