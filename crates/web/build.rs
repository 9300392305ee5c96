//! Builds the web project, `web/`, and generates `$OUT_DIR/files.rs`, which embeds the files of its `dist/`.
//!
//! The pages are optional, so the build also succeeds without npm or its registry. Each page then says what is missing
//! and how to install it.
#![expect(clippy::expect_used, reason = "if the build script fails, the build must stop")]

use std::{
    env,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output},
};

/// The pages of the web project, each with the title that it has if the project was not built.
const PAGES: [(&str, &str); 2] = [("index.html", "Guildhall"), ("graphiql.html", "Guildhall console")];

/// The files that determine the installed packages.
const PACKAGE_FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Folders of the web project that its build does not read.
const UNUSED_FOLDERS: [&str; 3] = ["dist", "node_modules", "tests"];

/// The variable that leaves the web project out, unless it is empty or 0.
const SKIP: &str = "GUILDHALL_SKIP_WEB";
/// The variable with the `dist/` of an earlier build, such as one in an earlier stage of a container's build.
const BUILT: &str = "GUILDHALL_WEB";

/// Why the web project is left out.
struct Missing {
    /// A clause for the pages, in HTML.
    reason: String,
    /// What to do about it, in HTML.
    remedy: String,
    /// The output of a command, for the terminal only, because it may contain local paths. Empty if no warning is needed.
    detail: String,
}

impl Missing {
    fn new(reason: impl Into<String>, detail: impl Into<String>) -> Self {
        let remedy = format!(
            "Install Node.js {} or newer with npm, make sure that npm can reach a package registry, then \
             <code>touch crates/web/build.rs</code> and build the server again.",
            oldest_node()
        );
        Self { reason: reason.into(), remedy, detail: detail.into() }
    }
}

fn main() {
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let dist = out_dir.join("dist");

    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={SKIP}");
    println!("cargo:rerun-if-env-changed={BUILT}");
    recreate_dir(&dist).expect("OUT_DIR is writable");
    if let Err(missing) = build(&out_dir, &dist) {
        if !missing.detail.is_empty() {
            println!("cargo:warning=The web app is left out of this build: {}", missing.detail);
        }
        recreate_dir(&dist).expect("OUT_DIR is writable");
        for (page, title) in PAGES {
            fs::write(dist.join(page), placeholder(title, &missing)).expect("OUT_DIR is writable");
        }
    }
    let mut files = Vec::new();
    list_files(&dist, "", &mut files).expect("OUT_DIR is readable");
    files.sort();
    fs::write(out_dir.join("files.rs"), embed(&files)).expect("OUT_DIR is writable");
}

/// Writes the files of the web project to `dist`.
fn build(out_dir: &Path, dist: &Path) -> Result<(), Missing> {
    if env::var_os(SKIP).is_some_and(|value| !value.is_empty() && value != "0") {
        return Err(Missing {
            reason: format!("it was built with <code>{SKIP}</code> set"),
            remedy: "Unset the variable and build the server again.".to_owned(),
            detail: String::new(),
        });
    }
    if let Some(built) = env::var_os(BUILT).filter(|value| !value.is_empty()) {
        copy(Path::new(&built), dist).expect("GUILDHALL_WEB names the dist/ of a build");
        return check_pages(dist, BUILT);
    }
    // npm runs on a copy, because a build script must not write to the source tree.
    let (source, work) = (source(), out_dir.join("web"));
    recreate_dir(&work).and_then(|()| copy(&source, &work)).map_err(|error| {
        Missing::new(
            "the sources in <code>web/</code> could not be copied",
            format!("copying {}: {error}", source.display()),
        )
    })?;
    check_node()?;
    let packages = install(&work, &packages_dir(out_dir))?;
    link_dir(&packages.join("node_modules"), &work.join("node_modules"))
        .map_err(|error| Missing::new("its packages could not be linked", format!("linking its packages: {error}")))?;
    run(npm().args(["run", "build"]).env("NODE_ENV", "production"), "npm run build", &work)?;
    check_pages(&work.join("dist"), "npm run build")?;
    fs::remove_dir_all(dist).and_then(|()| fs::rename(work.join("dist"), dist)).expect("OUT_DIR is writable");
    // Without the link, which would keep the packages alive after a change of the lock file.
    let _ = fs::remove_dir_all(&work);
    Ok(())
}

fn source() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../web")
}

/// The oldest release of Node.js that the web project's `package.json` allows, such as `20.19`.
fn oldest_node() -> String {
    let package = fs::read_to_string(source().join("package.json")).unwrap_or_default();
    let version = package.split_once("\"node\": \">=").and_then(|(_, rest)| rest.split('"').next());
    version.unwrap_or("20").to_owned()
}

/// Checks that Node.js is new enough. npm itself only warns if it is not.
fn check_node() -> Result<(), Missing> {
    let output = run(Command::new("node").arg("--version"), "node --version", Path::new("."))?;
    let stated = String::from_utf8_lossy(&output.stdout).trim().trim_start_matches('v').to_owned();
    let oldest = oldest_node();
    let numbers = |version: &str| -> Vec<u32> { version.split('.').map_while(|part| part.parse().ok()).collect() };
    if numbers(&stated) >= numbers(&oldest) {
        return Ok(());
    }
    let reason = format!("the Node.js of the machine that built it was older than {oldest}");
    Err(Missing::new(reason, format!("Node.js {stated} is older than {oldest}")))
}

/// The folder for installed packages, which all profiles share: they take 270 MB.
fn packages_dir(out_dir: &Path) -> PathBuf {
    // Cargo marks its target folder with this file, so that backups leave it out.
    let target = out_dir.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    target.unwrap_or(out_dir).join("web-packages")
}

/// Installs the packages of the lock file, unless they are installed. Returns their folder.
fn install(work: &Path, packages_dir: &Path) -> Result<PathBuf, Missing> {
    let failed = |error: io::Error| {
        Missing::new("its packages could not be stored", format!("writing to {}: {error}", packages_dir.display()))
    };
    fs::create_dir_all(packages_dir).map_err(failed)?;
    // Builds of several profiles can run at the same time. The lock ends with this function.
    let lock = fs::File::create(packages_dir.join("lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut hasher = DefaultHasher::new();
    for name in PACKAGE_FILES {
        fs::read(work.join(name)).unwrap_or_default().hash(&mut hasher);
    }
    let key = format!("{:016x}", hasher.finish());
    let folder = packages_dir.join(&key);
    if folder.is_dir() {
        return Ok(folder);
    }
    // Packages of former lock files, and of an installation that was interrupted.
    for entry in fs::read_dir(packages_dir).map_err(failed)?.filter_map(Result::ok) {
        if entry.path().is_dir() {
            fs::remove_dir_all(entry.path()).map_err(failed)?;
        }
    }
    let partial = packages_dir.join("partial");
    fs::create_dir(&partial).map_err(failed)?;
    for name in PACKAGE_FILES {
        if work.join(name).is_file() {
            fs::copy(work.join(name), partial.join(name)).map_err(failed)?;
        }
    }
    // The flags are needed, because the user's npmrc could leave optional packages out or development tools in.
    run(npm().args(["ci", "--omit=dev", "--include=optional"]), "npm ci", &partial)?;
    fs::rename(&partial, &folder).map_err(failed)?;
    Ok(folder)
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

#[cfg(unix)]
fn link_dir(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn link_dir(target: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(target, link)
}

/// Checks that a build contains the pages.
fn check_pages(dist: &Path, origin: &str) -> Result<(), Missing> {
    match PAGES.iter().find(|(page, _)| !dist.join(page).is_file()) {
        None => Ok(()),
        Some((page, _)) => Err(Missing::new(
            format!("the build has no <code>{page}</code>"),
            format!("{origin} has produced no {page}"),
        )),
    }
}

/// Runs one step of the build in `dir`.
fn run(command: &mut Command, step: &str, dir: &Path) -> Result<Output, Missing> {
    match command.current_dir(dir).output() {
        Ok(output) if output.status.success() => Ok(output),
        Ok(output) => {
            let code = exit_code(output.status);
            // Vite writes its errors to standard output.
            let text = [output.stderr, output.stdout].concat();
            Err(Missing::new(
                format!("<code>{step}</code> failed ({code})"),
                format!("`{step}` failed ({code}). {}", first_errors(&String::from_utf8_lossy(&text))),
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
fn first_errors(output: &str) -> String {
    let is_noise = |line: &&str| line.is_empty() || line.starts_with("npm warn") || line.starts_with('>');
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !is_noise(line)).take(6).collect();
    lines.join(" | ")
}

fn recreate_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(dir)
}

/// Copies a folder and makes cargo watch what is in it. If cargo watched all of `web/`, each `npm install` in a
/// developer's checkout would build the pages again.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if UNUSED_FOLDERS.iter().any(|unused| name == *unused) {
            continue;
        }
        println!("cargo:rerun-if-changed={}", path.display());
        let target = to.join(name);
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// Lists the files below a folder, by their paths with slashes.
fn list_files(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list_files(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}

fn placeholder(title: &str, missing: &Missing) -> String {
    let Missing { reason, remedy, .. } = missing;
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         </head>\n\
         <body>\n\
         <h1>The pages were left out of this build</h1>\n\
         <p>This server has no web app and no console, because {reason}.</p>\n\
         <p>{remedy}</p>\n\
         <p>The API itself is complete: send GraphQL requests to <code>/graphql</code>.</p>\n\
         </body>\n\
         </html>\n"
    )
}

/// Generates the Rust source that the crate includes.
fn embed(files: &[String]) -> String {
    let mut code = String::from(
        "/// The files of the web project's `dist/`: the path of each, with slashes, and its content. `NAME.gz` and\n\
         /// `NAME.br` are `NAME`, compressed, which itself is left out if there is a `NAME.gz`.\n\
         pub static FILES: &[(&str, &[u8])] = &[\n",
    );
    for name in files.iter().filter(|name| !files.contains(&format!("{name}.gz"))) {
        writeln!(code, "    ({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), {:?}))),", format!("/dist/{name}"))
            .expect("writing to a String cannot fail");
    }
    code.push_str("];\n");
    code
}
