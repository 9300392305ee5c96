//! Documents: parsed and measured once, and then known by their hash.
//!
//! Every document, on every transport, comes through here before the schema sees it. What has been measured is kept, so
//! that a repeated query is not parsed again; a client may then name it by its SHA-256 alone (Apollo's automatic persisted
//! queries: <https://www.apollographql.com/docs/apollo-server/performance/apq>), and an operator may allow none but the
//! documents of a manifest.

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
    limits::{Costs, measure, scan},
    normalize::{executable, introspects, root_field},
    settings::Limits,
    validate::Validator,
    variables::Inputs,
};
use crate::kernel::error::{Code, Refusal};

/// Most memory that known documents take, in bytes, by the estimate of [`DocumentWeighter`].
const KEPT_BYTES: u64 = 64 * 1_024 * 1_024;
/// Of this many documents on the average.
const KEPT_DOCUMENTS: usize = 4_096;

/// Which document is asked for.
#[derive(Clone, Debug)]
pub enum DocumentRef {
    /// This one.
    Text(String),
    /// The one of this hash, or of this id in the manifest.
    Id(String),
    /// This one, to be known by its hash from now on.
    Register(String, String),
}

/// A document that has been parsed and measured.
pub struct Document {
    parsed: ExecutableDocument,
    hash: Hash,
    bytes: usize,
    /// Whether a client has said that it is going to name it by its hash.
    is_registered: AtomicBool,
}

/// A document, and the operation of it that is asked for.
#[derive(Clone)]
pub struct SelectedOperation {
    document: Arc<Document>,
    /// The operation's place among the document's.
    name: Option<Name>,
}

/// The documents of a server.
pub struct Documents {
    limits: Limits,
    introspection: bool,
    costs: Costs,
    inputs: Inputs,
    validator: Validator,
    known: Cache<Hash, Arc<Document>, DocumentWeighter>,
    trusted: Option<Manifest>,
}

/// The only documents that are run: by their ids, each with its text without spaces.
type Manifest = HashMap<String, (Arc<Document>, String)>;

type Hash = [u8; 32];

/// Roughly what a parsed document takes.
#[derive(Clone)]
struct DocumentWeighter;

impl Weighter<Hash, Arc<Document>> for DocumentWeighter {
    fn weight(&self, _: &Hash, document: &Arc<Document>) -> u64 {
        // Measured: some eighty bytes for each of the text's.
        1_024 + 80 * document.bytes as u64
    }
}

impl Documents {
    /// No documents yet, of a schema in its definition language.
    ///
    /// # Errors
    /// A sentence that says why the text is not a schema.
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
            inputs: Inputs::from_schema(schema),
            validator: Validator::from_schema(sdl, suggestions)?,
            known: Cache::with_weighter(KEPT_DOCUMENTS, KEPT_BYTES, DocumentWeighter),
            trusted: None,
        })
    }

    /// Allows none but the documents of a manifest from now on.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the manifest.
    pub fn trust_manifest(&mut self, manifest: &str) -> Result<(), String> {
        let mut trusted = HashMap::new();
        for (id, text) in read_manifest(manifest)? {
            let hash = hash(&text);
            let document = scan(&text, &self.limits).map_err(refused).and_then(|()| self.parse(&text, hash));
            let document = document.map_err(|errors| {
                let reasons = errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" ");
                format!("the document {id}: {reasons}")
            })?;
            let document = (Arc::new(document), squeezed(&text));
            // By what it is called there, and by its hash.
            trusted.insert(base16ct::lower::encode_string(&hash), document.clone());
            trusted.insert(id, document);
        }
        self.trusted = Some(trusted);
        Ok(())
    }

    /// Whether it runs only the documents of a manifest.
    pub const fn has_manifest(&self) -> bool {
        self.trusted.is_some()
    }

    /// The operation that is asked for, and its variables as the schema takes them, if it may be run.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for what does not parse, goes in circles, has values of the wrong types, or does not have the
    /// operation; `QUERY_TOO_COMPLEX`; `NOT_FOUND` for a hash not heard of yet; `FORBIDDEN` for what is not in the
    /// manifest, or introspects where that is not allowed.
    pub fn select(
        &self,
        wanted: &DocumentRef,
        operation: Option<&str>,
        variables: Variables,
    ) -> Result<(SelectedOperation, Variables), Vec<ServerError>> {
        let document = match &self.trusted {
            Some(trusted) => find_trusted(trusted, wanted).map_err(refused)?,
            None => self.find(wanted)?,
        };
        let chosen = SelectedOperation::of(document, operation).map_err(refused)?;
        let variables = self.inputs.coerce(chosen.operation(), variables).map_err(|error| vec![error])?;
        let cost = self.costs.check(chosen.definition(), &chosen.document.parsed, &variables, &self.limits);
        cost.map_err(|error| vec![error])?;
        Ok((chosen, variables))
    }

    fn find(&self, wanted: &DocumentRef) -> Result<Arc<Document>, Vec<ServerError>> {
        let (text, registered_as) = match wanted {
            DocumentRef::Id(id) => return self.registered(id).map_err(refused),
            DocumentRef::Text(text) => (text, None),
            DocumentRef::Register(text, hash) => (text, Some(hash)),
        };
        // Bounded before it is hashed, as it is before it is parsed.
        scan(text, &self.limits).map_err(refused)?;
        let hash = hash(text);
        if registered_as.is_some_and(|said| decode(said) != Some(hash)) {
            let message = "persistedQuery.sha256Hash is not the hash of the query.";
            return Err(refused(Refusal::input("extensions", message)));
        }
        let document = if let Some(document) = self.known.get(&hash) {
            document
        } else {
            let document = Arc::new(self.parse(text, hash)?);
            self.known.insert(hash, Arc::clone(&document));
            document
        };
        if registered_as.is_some() {
            document.is_registered.store(true, Ordering::Relaxed);
        }
        Ok(document)
    }

    fn registered(&self, id: &str) -> Result<Arc<Document>, Refusal> {
        let known = decode(id).and_then(|hash| self.known.get(&hash));
        known.filter(|document| document.is_registered.load(Ordering::Relaxed)).ok_or_else(|| {
            // Clients go by these very words, and send the text next.
            Refusal::new(Code::NotFound, "PersistedQueryNotFound").because("PERSISTED_QUERY_NOT_FOUND")
        })
    }

    /// Parses and checks a text that has been scanned.
    fn parse(&self, text: &str, hash: Hash) -> Result<Document, Vec<ServerError>> {
        let parsed = parse_query(text).map_err(|error| {
            let mut error = ServerError::from(error);
            // The parser draws the line; what it expected is on its last.
            let expected = error.message.lines().last().unwrap_or_default().trim_start_matches([' ', '=']);
            error.message = format!("The document does not parse: {expected}.");
            error.extensions.get_or_insert_default().set("code", Code::BadUserInput.as_str());
            vec![error]
        })?;
        measure(&parsed, &self.limits).map_err(|error| vec![error])?;
        if !self.introspection && introspects(&parsed) {
            let message = "This server does not tell its schema.";
            return Err(refused(Refusal::new(Code::Forbidden, message).because("INTROSPECTION_OFF")));
        }
        self.validator.check(text)?;
        for (_, operation) in parsed.operations.iter().filter(|(_, it)| it.node.ty == OperationType::Subscription) {
            root_field(&operation.node.selection_set.node, &parsed.fragments).map_err(refused)?;
        }
        Ok(Document { parsed, hash, bytes: text.len(), is_registered: AtomicBool::new(false) })
    }
}

impl SelectedOperation {
    fn of(document: Arc<Document>, wanted: Option<&str>) -> Result<Self, Refusal> {
        let mut operations = document.parsed.operations.iter();
        let name = match wanted {
            Some(wanted) => operations.find_map(|(name, _)| name.filter(|name| *name == wanted)).cloned().map(Some),
            None => operations.next().map(|(name, _)| name.cloned()).filter(|_| operations.next().is_none()),
        };
        let name = name.ok_or_else(|| {
            let message = match wanted {
                Some(wanted) => format!("The document has no operation {wanted:?}."),
                None => "The document has several operations; say which in operationName.".to_owned(),
            };
            Refusal::input("operationName", message)
        })?;
        Ok(Self { document, name })
    }

    /// The document.
    pub fn document(&self) -> &ExecutableDocument {
        &self.document.parsed
    }

    /// The operation as the schema runs it.
    pub fn executable(&self, variables: &Variables) -> ExecutableDocument {
        executable(&self.document.parsed, self.definition(), variables)
    }

    /// The text's length in bytes.
    pub fn bytes(&self) -> usize {
        self.document.bytes
    }

    /// The document's hash.
    pub fn hash(&self) -> [u8; 32] {
        self.document.hash
    }

    /// The operation's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The operation.
    pub fn operation(&self) -> &OperationDefinition {
        &self.definition().node
    }

    #[expect(clippy::expect_used, reason = "it was found there, and the document does not change")]
    fn definition(&self) -> &Positioned<OperationDefinition> {
        match &self.document.parsed.operations {
            DocumentOperations::Single(operation) => Some(operation),
            DocumentOperations::Multiple(operations) => self.name.as_ref().and_then(|name| operations.get(name)),
        }
        .expect("the operation was chosen from this document")
    }
}

fn refused(refusal: Refusal) -> Vec<ServerError> {
    vec![refusal.into_server_error()]
}

fn find_trusted(trusted: &Manifest, wanted: &DocumentRef) -> Result<Arc<Document>, Refusal> {
    let by_id = |id: &str| trusted.get(id).or_else(|| trusted.get(id.strip_prefix("sha256:")?));
    let known = match wanted {
        DocumentRef::Id(id) => by_id(id),
        // Some clients send a text along, printed anew: it may differ in its spaces, and what is run is the manifest's.
        DocumentRef::Register(text, id) => by_id(id).filter(|(_, known)| *known == squeezed(text)),
        // Its text names it as well as its hash does.
        DocumentRef::Text(text) => trusted.get(&base16ct::lower::encode_string(&hash(text))),
    };
    known.map(|(document, _)| Arc::clone(document)).ok_or_else(|| {
        let message = "This server runs only the documents of its manifest.";
        Refusal::new(Code::Forbidden, message).because("UNTRUSTED_DOCUMENT")
    })
}

/// Documents by their ids, in either of the forms that are about.
fn read_manifest(text: &str) -> Result<HashMap<String, String>, String> {
    #[derive(Deserialize)]
    struct ManifestOperation {
        id: String,
        body: String,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Listing {
        // First, for it is an object too.
        Apollo { operations: Vec<ManifestOperation> },
        ById(HashMap<String, String>),
    }
    match serde_json::from_str(text) {
        Ok(Listing::Apollo { operations }) => Ok(operations.into_iter().map(|it| (it.id, it.body)).collect()),
        Ok(Listing::ById(documents)) => Ok(documents),
        Err(_) => Err("expected {\"ID\": \"DOCUMENT\", …} or an apollo-persisted-query-manifest".to_owned()),
    }
}

/// A text without what may stand between tokens.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace() && *c != ',').collect()
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text).into()
}

fn decode(hash: &str) -> Option<Hash> {
    let mut bytes = Hash::default();
    let decoded = base16ct::mixed::decode(hash, &mut bytes).ok()?.len();
    (decoded == bytes.len()).then_some(bytes)
}
