//! The layers of `src/`, and that no file imports upward or in a circle.
//!
//! The compiler checks this between crates. This test checks it inside the library.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    str::FromStr,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The layers, lowest first: each may import only those before it. `ARCHITECTURE.md` describes them.
const LAYERS: &[&str] = &[
    "kernel", "engine", "db", "bus", "access", "audit", "outbox", "identity", "auth", "voting", "live", "discord",
    "privacy", "app", "api", "http", "bot", "cli",
];

/// A module's path below the crate's root.
type Module = Vec<String>;

struct Sources {
    files: BTreeMap<Module, PathBuf>,
    /// The modules that each module imports from.
    imports: BTreeMap<Module, BTreeSet<Module>>,
}

impl Sources {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = BTreeMap::new();
        collect(&root, &mut Vec::new(), &mut files);
        let mut imports = BTreeMap::new();
        for (module, file) in &files {
            let text = std::fs::read_to_string(file).unwrap();
            let mut paths = Vec::new();
            let tokens = TokenStream::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            find_paths(tokens, module, &mut paths);
            let targets = paths.iter().filter_map(|path| resolve(&files, path));
            imports.insert(module.clone(), targets.filter(|target| target != module).collect());
        }
        Self { files, imports }
    }
}

/// Collects the module files below a folder, except `lib.rs` and `build.rs`, which belong to no layer.
fn collect(folder: &Path, module: &mut Module, files: &mut BTreeMap<Module, PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            module.push(name);
            collect(&path, module, files);
            module.pop();
        } else if path.extension().is_some_and(|it| it == "rs") {
            let mut of_file = module.clone();
            match name.as_str() {
                "build" | "lib" if module.is_empty() => continue,
                "mod" => {}
                _ => of_file.push(name),
            }
            files.insert(of_file, path);
        }
    }
}

/// Finds every path that starts with `crate`, `super` or `self`, in imports, expressions and macros, as absolute paths.
fn find_paths(tokens: TokenStream, module: &Module, found: &mut Vec<Module>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut index = 0;
    while index < tokens.len() {
        let start = match &tokens[index] {
            TokenTree::Ident(ident) if is_separator(&tokens, index + 1) && !is_separator_before(&tokens, index) => {
                match ident.to_string().as_str() {
                    "crate" => Some(Module::new()),
                    "self" => Some(module.clone()),
                    "super" => Some(parent(module)),
                    _ => None,
                }
            }
            _ => None,
        };
        if let Some(start) = start {
            index = read_tree(&tokens, index + 1, start, found);
        } else if let Some((name, body)) = inline_module(&tokens[index..]) {
            find_paths(body, &[module.as_slice(), &[name]].concat(), found);
            index += 3;
        } else {
            if let TokenTree::Group(group) = &tokens[index] {
                find_paths(group.stream(), module, found);
            }
            index += 1;
        }
    }
}

/// The name and body of `mod name { … }`.
fn inline_module(tokens: &[TokenTree]) -> Option<(String, TokenStream)> {
    match tokens {
        [TokenTree::Ident(keyword), TokenTree::Ident(name), TokenTree::Group(body), ..] if *keyword == "mod" => {
            Some((name.to_string(), body.stream()))
        }
        _ => None,
    }
}

/// Reads the rest of a path, and returns the index after it.
fn read_tree(tokens: &[TokenTree], mut index: usize, mut path: Module, found: &mut Vec<Module>) -> usize {
    while is_separator(tokens, index) {
        index += 2;
        match tokens.get(index) {
            Some(TokenTree::Ident(ident)) if *ident == "super" => path = parent(&path),
            Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for branch in inner.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
                    if let Some(TokenTree::Ident(first)) = branch.first() {
                        let mut of_branch = path.clone();
                        of_branch.push(first.to_string());
                        read_tree(branch, 1, of_branch, found);
                    }
                }
                return index + 1;
            }
            _ => break,
        }
        index += 1;
    }
    found.push(path);
    index
}

fn is_separator(tokens: &[TokenTree], index: usize) -> bool {
    let is_colon = |index: usize| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(index) && is_colon(index + 1)
}

fn is_separator_before(tokens: &[TokenTree], index: usize) -> bool {
    index >= 2 && is_separator(tokens, index - 2)
}

fn parent(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// The module that a path belongs to: its longest prefix that has a file.
fn resolve(files: &BTreeMap<Module, PathBuf>, path: &Module) -> Option<Module> {
    (1..=path.len()).rev().map(|length| path[..length].to_vec()).find(|module| files.contains_key(module))
}

#[test]
fn no_layer_imports_a_higher_one() {
    let sources = Sources::read();
    let layer = |module: &Module| {
        let position = LAYERS.iter().position(|layer| *layer == module[0]);
        position.unwrap_or_else(|| panic!("{} belongs to no layer", sources.files[module].display()))
    };
    let mut upward = Vec::new();
    for (module, targets) in &sources.imports {
        for target in targets.iter().filter(|target| layer(target) > layer(module)) {
            upward.push(format!("{} imports {}", module.join("::"), target.join("::")));
        }
    }
    assert!(upward.is_empty(), "upward imports:\n{}", upward.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = Sources::read();
    // Removes the files that import no other remaining file, until there are none. The rest are in a circle, or import
    // from one.
    let mut remaining = sources.imports.clone();
    loop {
        let free: Vec<Module> = remaining
            .iter()
            .filter(|(_, targets)| targets.iter().all(|it| !remaining.contains_key(it)))
            .map(|(it, _)| it.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        remaining.retain(|module, _| !free.contains(module));
    }
    let arrows: Vec<String> = remaining
        .iter()
        .flat_map(|(module, targets)| {
            let targets = targets.iter().filter(|target| remaining.contains_key(*target));
            targets.map(|target| format!("{} imports {}", module.join("::"), target.join("::")))
        })
        .collect();
    assert!(arrows.is_empty(), "circles among:\n{}", arrows.join("\n"));
}

/// The library has no test build, so a test inside it would never run.
#[test]
fn no_tests_are_inside_the_library() {
    for file in Sources::read().files.values() {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains("#[cfg(test)]"), "{}: its tests belong in tests/it/rules", file.display());
    }
}
