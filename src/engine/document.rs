//! Parses, checks and caches GraphQL documents.
//!
//! Documents of every transport are checked here before they are executed. A cache by hash keeps checked documents, so
//! that a repeated query is not parsed again. Clients can also send the SHA-256 of a cached document in place of its
//! text: Apollo's automatic persisted queries (<https://www.apollographql.com/docs/apollo-server/performance/apq>). An
//! operator can restrict the server to trusted documents, which a manifest lists. The web app's documents always run.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::{
    Name, Positioned, ServerError, Variables,
    parser::{
        parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, ServiceDocument},
    },
};
use quick_cache::{Weighter, sync::Cache};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    costs::Costs,
    limits::{measure, scan},
    normalize::{executable, introspects, root_field},
    settings::Limits,
    validate::Validator,
    variables::InputTypes,
};
use crate::kernel::error::{Code, Refusal};

/// Maximum memory for cached documents, in bytes, as estimated by [`Document::memory`].
const CACHE_BYTES: u64 = 64 * 1_024 * 1_024;
/// Expected number of cached documents, which sizes the cache's tables.
const CACHE_DOCUMENTS: usize = 4_096;

/// The document of a request.
#[derive(Clone, Debug)]
pub enum DocumentRef {
    /// The document's text.
    Text(String),
    /// The hash of a registered document, or an id in the manifest.
    Id(String),
    /// A text and its hash, by which later requests can refer to it.
    Register(String, String),
}

/// A document that has been parsed and checked.
pub struct Document {
    parsed: ExecutableDocument,
    hash: Hash,
    bytes: usize,
    /// Whether a client has registered the document, so that requests can refer to it by its hash.
    is_registered: AtomicBool,
}

/// A document, and the operation of it to execute.
#[derive(Clone)]
pub struct SelectedOperation {
    document: Arc<Document>,
    /// The operation's key in the document.
    name: Option<Name>,
    /// Whether the web app or the operator's manifest has the document.
    is_trusted: bool,
}

/// Checks the documents of requests against the schema and the limits, and caches them.
pub struct Documents {
    limits: Limits,
    introspection: bool,
    costs: Costs,
    inputs: InputTypes,
    validator: Validator,
    cache: Cache<Hash, Arc<Document>, DocumentWeighter>,
    manifest: Option<Manifest>,
    /// The texts of the web app's documents by id and by hash.
    app: HashMap<String, Arc<str>>,
}

/// The trusted documents by id and by hash, each with its text after [`strip_ignored`]. No others may be executed.
type Manifest = HashMap<String, (Arc<Document>, String)>;

type Hash = [u8; 32];

/// Weighs a parsed document by its memory.
#[derive(Clone)]
struct DocumentWeighter;

impl Weighter<Hash, Arc<Document>> for DocumentWeighter {
    fn weight(&self, _: &Hash, document: &Arc<Document>) -> u64 {
        document.memory() as u64
    }
}

impl Document {
    /// Estimates its memory, in bytes.
    const fn memory(&self) -> usize {
        // Measured: about 80 bytes for each byte of text.
        1_024 + 80 * self.bytes
    }
}

impl Documents {
    /// Creates an empty cache for a schema, which the caller passes both as SDL and in parsed form.
    ///
    /// # Errors
    /// A message if the SDL is not a valid schema.
    pub fn from_schema(
        (sdl, schema): (&str, &ServiceDocument),
        limits: Limits,
        introspection: bool,
        suggestions: bool,
    ) -> Result<Self, String> {
        Ok(Self {
            limits,
            introspection,
            costs: Costs::from_schema(schema),
            inputs: InputTypes::from_schema(schema),
            validator: Validator::from_schema(sdl, suggestions)?,
            cache: Cache::with_weighter(CACHE_DOCUMENTS, CACHE_BYTES, DocumentWeighter),
            manifest: None,
            app: HashMap::new(),
        })
    }

    /// Adds the documents of the web app, which clients can then refer to by id. They are checked when they are used, by
    /// the same limits as others.
    ///
    /// # Errors
    /// A message if the manifest is not valid.
    pub fn add_app(&mut self, manifest: &str) -> Result<(), String> {
        for (id, text) in read_manifest(manifest)? {
            let text: Arc<str> = text.into();
            self.app.insert(base16ct::lower::encode_string(&hash(&text)), Arc::clone(&text));
            self.app.insert(id, text);
        }
        Ok(())
    }

    /// Restricts the server to the documents of a manifest and of the web app.
    ///
    /// # Errors
    /// A message if the manifest is not valid.
    pub fn trust_manifest(&mut self, text: &str) -> Result<(), String> {
        let mut manifest = HashMap::new();
        for (id, text) in read_manifest(text)? {
            let hash = hash(&text);
            let document = scan(&text, &self.limits).map_err(into_errors).and_then(|()| self.parse(&text, hash));
            let document = document.map_err(|errors| {
                let reasons = errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" ");
                format!("the document {id}: {reasons}")
            })?;
            let document = (Arc::new(document), strip_ignored(&text));
            manifest.insert(base16ct::lower::encode_string(&hash), document.clone());
            manifest.insert(id, document);
        }
        self.manifest = Some(manifest);
        Ok(())
    }

    /// Returns the operation to execute, with its coerced variables, after all checks.
    ///
    /// # Errors
    /// - `BAD_USER_INPUT`: the document is not valid, a variable's value has the wrong type, or the operation is
    ///   missing.
    /// - `QUERY_TOO_COMPLEX`: the document exceeds a limit.
    /// - `NOT_FOUND`: no document is registered under the hash.
    /// - `FORBIDDEN`: the manifest doesn't contain the document, or introspection is disabled.
    pub fn select(
        &self,
        document: &DocumentRef,
        operation: Option<&str>,
        variables: Variables,
    ) -> Result<(SelectedOperation, Variables), Vec<ServerError>> {
        let (document, is_trusted) = match (self.find_app_text(document), &self.manifest) {
            (Some(text), _) => (self.find_text(text, None)?, true),
            (None, Some(manifest)) => (find_trusted(manifest, document).map_err(into_errors)?, true),
            (None, None) => (self.find(document)?, false),
        };
        let selected = SelectedOperation::new(document, operation, is_trusted).map_err(into_errors)?;
        let variables = self.inputs.coerce(selected.operation(), variables)?;
        let cost = self.costs.check(selected.definition(), &selected.document.parsed, &variables, &self.limits);
        cost.map_err(|error| vec![error])?;
        Ok((selected, variables))
    }

    fn find(&self, document: &DocumentRef) -> Result<Arc<Document>, Vec<ServerError>> {
        match document {
            DocumentRef::Id(id) => self.registered(id).map_err(into_errors),
            DocumentRef::Text(text) => self.find_text(text, None),
            DocumentRef::Register(text, hash) => self.find_text(text, Some(hash.as_str())),
        }
    }

    /// Finds the text of a document of the web app.
    fn find_app_text(&self, document: &DocumentRef) -> Option<&str> {
        let by_id =
            |id: &str| self.app.get(id).or_else(|| self.app.get(id.strip_prefix("sha256:")?)).map(|text| &**text);
        match document {
            DocumentRef::Id(id) => by_id(id),
            DocumentRef::Register(text, id) => by_id(id).filter(|known| strip_ignored(known) == strip_ignored(text)),
            // Without a manifest, any text may be executed.
            DocumentRef::Text(text) => {
                self.manifest.as_ref().and_then(|_| by_id(&base16ct::lower::encode_string(&hash(text))))
            }
        }
    }

    fn find_text(&self, text: &str, registered_hash: Option<&str>) -> Result<Arc<Document>, Vec<ServerError>> {
        // Limits the text's length before it is hashed and parsed.
        scan(text, &self.limits).map_err(into_errors)?;
        let hash = hash(text);
        if registered_hash.is_some_and(|registered| decode_hash(registered) != Some(hash)) {
            let message = "persistedQuery.sha256Hash is not the hash of the query.";
            return Err(into_errors(Refusal::input("extensions", message)));
        }
        let document = if let Some(document) = self.cache.get(&hash) {
            document
        } else {
            let document = Arc::new(self.parse(text, hash)?);
            self.cache.insert(hash, Arc::clone(&document));
            document
        };
        if registered_hash.is_some() {
            document.is_registered.store(true, Ordering::Relaxed);
        }
        Ok(document)
    }

    fn registered(&self, id: &str) -> Result<Arc<Document>, Refusal> {
        let cached = decode_hash(id).and_then(|hash| self.cache.get(&hash));
        cached.filter(|document| document.is_registered.load(Ordering::Relaxed)).ok_or_else(|| {
            // Apollo's clients expect exactly this message, and then send the text.
            Refusal::new(Code::NotFound, "PersistedQueryNotFound").because("PERSISTED_QUERY_NOT_FOUND")
        })
    }

    /// Parses and checks a text that [`scan`] has accepted.
    fn parse(&self, text: &str, hash: Hash) -> Result<Document, Vec<ServerError>> {
        let parsed = parse_query(text).map_err(|error| {
            let mut error = ServerError::from(error);
            // The message quotes the document; its last line says what the parser expected, by the names of its rules.
            let expected = error.message.lines().last().unwrap_or_default().trim_start_matches([' ', '=']);
            let expected = match expected.strip_prefix("expected ") {
                Some(rules) => format!("expected {}", rules.replace('_', " ")),
                None => expected.to_owned(),
            };
            error.message = format!("The document does not parse: {expected}.");
            error.extensions.get_or_insert_default().set("code", Code::BadUserInput.as_str());
            vec![error]
        })?;
        measure(&parsed, &self.limits).map_err(|error| vec![error])?;
        if !self.introspection && introspects(&parsed) {
            let message = "Introspection is disabled on this server.";
            return Err(into_errors(Refusal::new(Code::Forbidden, message).because("INTROSPECTION_OFF")));
        }
        self.validator.check(text)?;
        for (_, operation) in parsed.operations.iter().filter(|(_, it)| it.node.ty == OperationType::Subscription) {
            root_field(&operation.node.selection_set.node, &parsed.fragments).map_err(into_errors)?;
        }
        Ok(Document { parsed, hash, bytes: text.len(), is_registered: AtomicBool::new(false) })
    }
}

impl SelectedOperation {
    fn new(document: Arc<Document>, operation_name: Option<&str>, is_trusted: bool) -> Result<Self, Refusal> {
        let mut operations = document.parsed.operations.iter();
        let name = match operation_name {
            Some(wanted) => operations.find_map(|(name, _)| name.filter(|name| *name == wanted)).cloned().map(Some),
            None => operations.next().map(|(name, _)| name.cloned()).filter(|_| operations.next().is_none()),
        };
        let name = name.ok_or_else(|| {
            let message = match operation_name {
                Some(wanted) => format!("The document has no operation {wanted:?}."),
                None => "The document has several operations; choose one with operationName.".to_owned(),
            };
            Refusal::input("operationName", message)
        })?;
        Ok(Self { document, name, is_trusted })
    }

    /// The parsed document.
    pub fn document(&self) -> &ExecutableDocument {
        &self.document.parsed
    }

    /// Returns the document in the form that async-graphql executes: see [`executable`].
    pub fn executable(&self, variables: &Variables) -> ExecutableDocument {
        executable(&self.document.parsed, self.definition(), variables)
    }

    /// The length of the document's text, in bytes.
    pub fn bytes(&self) -> usize {
        self.document.bytes
    }

    /// An id of the parsed document while it is in use, and its memory in bytes. Operations of the same text share it,
    /// unless it was parsed again because the cache had dropped it.
    pub fn parsed_document(&self) -> (usize, usize) {
        (Arc::as_ptr(&self.document).addr(), self.document.memory())
    }

    /// The SHA-256 of the document's text.
    pub fn hash(&self) -> [u8; 32] {
        self.document.hash
    }

    /// Whether the web app or the operator's manifest has the document.
    pub const fn is_trusted(&self) -> bool {
        self.is_trusted
    }

    /// The operation's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The operation.
    pub fn operation(&self) -> &OperationDefinition {
        &self.definition().node
    }

    #[expect(clippy::expect_used, reason = "`new` found the name in the document, which does not change")]
    fn definition(&self) -> &Positioned<OperationDefinition> {
        match &self.document.parsed.operations {
            DocumentOperations::Single(operation) => Some(operation),
            DocumentOperations::Multiple(operations) => self.name.as_ref().and_then(|name| operations.get(name)),
        }
        .expect("the document contains the operation")
    }
}

fn into_errors(refusal: Refusal) -> Vec<ServerError> {
    vec![refusal.into_server_error()]
}

fn find_trusted(manifest: &Manifest, document: &DocumentRef) -> Result<Arc<Document>, Refusal> {
    let by_id = |id: &str| manifest.get(id).or_else(|| manifest.get(id.strip_prefix("sha256:")?));
    let found = match document {
        DocumentRef::Id(id) => by_id(id),
        // Some clients also send the text, which they may have reformatted. The manifest's document is executed.
        DocumentRef::Register(text, id) => by_id(id).filter(|(_, trusted)| *trusted == strip_ignored(text)),
        DocumentRef::Text(text) => manifest.get(&base16ct::lower::encode_string(&hash(text))),
    };
    found.map(|(document, _)| Arc::clone(document)).ok_or_else(|| {
        let message = "This server runs only the documents of its manifest and of its web app.";
        Refusal::new(Code::Forbidden, message).because("UNTRUSTED_DOCUMENT")
    })
}

/// Reads a manifest, which is in Apollo's format or an object of documents by id. Returns the documents by id.
fn read_manifest(text: &str) -> Result<HashMap<String, String>, String> {
    #[derive(Deserialize)]
    struct ManifestOperation {
        id: String,
        body: String,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ManifestFile {
        // serde tries this variant first, because it is an object too.
        Apollo { operations: Vec<ManifestOperation> },
        ById(HashMap<String, String>),
    }
    match serde_json::from_str(text) {
        Ok(ManifestFile::Apollo { operations }) => Ok(operations.into_iter().map(|it| (it.id, it.body)).collect()),
        Ok(ManifestFile::ById(documents)) => Ok(documents),
        Err(_) => Err("expected {\"ID\": \"DOCUMENT\", …} or an apollo-persisted-query-manifest".to_owned()),
    }
}

/// Removes white space and commas, which GraphQL ignores between tokens.
fn strip_ignored(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace() && *c != ',').collect()
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

fn decode_hash(hash: &str) -> Option<Hash> {
    let mut bytes = Hash::default();
    let decoded = base16ct::mixed::decode(hash, &mut bytes).ok()?.len();
    (decoded == bytes.len()).then_some(bytes)
}
