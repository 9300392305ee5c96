//! Ballot boxes: a valid file passes every check, and every change to it is detected.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use guildhall_count::{
    BallotFile, FileBallot, FileEntry, FileStanding, Method, Ranking, ReadError, Rules, count, receipt,
};

/// Changes a file.
type Tamper = fn(&mut BallotFile);

/// The file of a Schulze vote with four entries and ten ballots of two picks each.
fn valid() -> BallotFile {
    let rules = Rules { method: Method::Schulze, picks: 2, seats: 1 };
    let ids = ["E0", "E1", "E2", "E3"];
    let ballot = |number: usize| {
        let (nonce, picks) = (format!("{number:064x}"), [ids[number % 4], ids[(number + 1) % 4]]);
        let receipt = receipt("V1", &nonce, picks.into_iter());
        FileBallot { receipt, nonce, picks: picks.map(str::to_owned).to_vec() }
    };
    let mut ballots: Vec<FileBallot> = (0..10).map(ballot).collect();
    ballots.sort_by(|a, b| a.receipt.cmp(&b.receipt));
    let rankings: Vec<Ranking<&str>> =
        ballots.iter().map(|ballot| (ballot.picks.iter().map(String::as_str).collect(), 1)).collect();
    let outcome = count(rules, &ids, &rankings);
    let id = |entry: &&str| (*entry).to_owned();
    let mut file = BallotFile {
        format: BallotFile::FORMAT.to_owned(),
        campaign: "V1".to_owned(),
        title: "Next raid".to_owned(),
        method: rules.method,
        picks_per_voter: rules.picks,
        seats: rules.seats,
        eligible: 12,
        entries: ids.map(|id| FileEntry { id: id.to_owned(), name: format!("Entry {id}") }).to_vec(),
        standings: outcome.standings.iter().map(|row| FileStanding::new(row, id)).collect(),
        winners: outcome.winners().iter().map(id).collect(),
        decided_by_listed_order: Some(false),
        digest: String::new(),
        ballots,
    };
    file.digest = file.compute_digest();
    file
}

#[test]
fn a_valid_file_has_no_problems() {
    let file = valid();
    assert_eq!(file.check(), Vec::<String>::new());
    assert_eq!(BallotFile::read(&file.to_json().unwrap()).unwrap(), file);
    let ballot = &file.ballots[4];
    assert_eq!(file.find(&ballot.receipt.to_uppercase()), Some(ballot));
    assert_eq!((file.find("0"), file.name_of("E2"), file.name_of("E9")), (None, "Entry E2", "?"));
    let shown = file.to_string();
    assert!(shown.starts_with("Next raid: SCHULZE, 10 ballots\n   1. Entry E0"), "{shown}");
    assert!(shown.ends_with(&format!("ballot box {}\n", file.digest)), "{shown}");
}

#[test]
fn every_change_is_detected() {
    let file = valid();
    let tampered: [(&str, Tamper); 20] = [
        ("ballot 1 does not match its receipt", |file| file.ballots[0].picks.reverse()),
        ("ballot 10 does not match its receipt", |file| file.ballots[9].nonce = "0".repeat(64)),
        ("ballot 1 has a malformed nonce", |file| file.ballots[0].nonce.truncate(8)),
        ("ballot 3 has the same nonce as another ballot", |file| file.ballots[2] = file.ballots[1].clone()),
        ("ballot 2 is not in order of receipt", |file| file.ballots.swap(0, 1)),
        ("ballot 1 breaks the rules: Pick from 1 to 2.", |file| file.ballots[0].picks.clear()),
        ("ballot 1 breaks the rules: Pick each entry only once.", |file| {
            file.ballots[0].picks[1] = file.ballots[0].picks[0].clone();
        }),
        ("ballot 1 breaks the rules: A pick is not an entry of this campaign.", |file| {
            file.ballots[0].picks[0].push('x');
        }),
        ("the digest does not match the ballots and the rules", |file| drop(file.ballots.pop())),
        ("the digest does not match the ballots and the rules", |file| file.entries.swap(0, 1)),
        ("two entries have the same id", |file| file.entries[1].id = file.entries[0].id.clone()),
        ("an id or a name is empty or contains control characters", |file| file.entries[0].id.push('\n')),
        ("an id or a name is empty or contains control characters", |file| file.title.push('\u{1b}')),
        ("10 ballots, but only 9 could vote", |file| file.eligible = 9),
        ("a recount gives other standings", |file| file.standings[3].points += 1),
        ("a recount gives other winners", |file| file.winners.clear()),
        ("seats: 2 is too many for this method", |file| file.seats = 2),
        ("seats: 0 is not from 1 to 100", |file| file.seats = 0),
        ("entries: 0 is not from 1 to 200", |file| file.entries.clear()),
        ("picksPerVoter: 18446744073709551615 is not from 1 to 10", |file| file.picks_per_voter = usize::MAX),
    ];
    for (problem, tamper) in tampered {
        let mut file = file.clone();
        tamper(&mut file);
        assert!(file.check().iter().any(|it| it == problem), "{problem}: {:?}", file.check());
    }
}

#[test]
fn only_this_format_is_read() {
    let json = valid().to_json().unwrap();
    for malformed in ["", "{}", &json.replace("\"title\"", "\"name\""), &json.replace("SCHULZE", "COPELAND")] {
        let error = BallotFile::read(malformed).unwrap_err();
        assert!(matches!(error, ReadError::Malformed(_)), "{error}");
    }
    let error = BallotFile::read(&json.replace("ballot box 1", "ballot box 2")).unwrap_err();
    let expected = "the file has an unknown format: \"guildhall ballot box 2\" instead of \"guildhall ballot box 1\"";
    assert_eq!(error.to_string(), expected);
    let escaped = BallotFile::read(&json.replace("SCHULZE", "\u{9b}31m")).unwrap_err().to_string();
    assert!(
        escaped.starts_with("the file is not a ballot box: ") && !escaped.contains(char::is_control),
        "{escaped:?}"
    );
}

/// The format of published files must not change, since members keep and compare them.
#[test]
fn a_file_keeps_its_json() {
    let mut file = valid();
    file.ballots.truncate(1);
    file.entries.truncate(1);
    file.standings.truncate(1);
    file.digest = "D".to_owned();
    let FileBallot { receipt, nonce, picks } = &file.ballots[0];
    let FileStanding { entry, points, pick_counts: counts, .. } = &file.standings[0];
    let expected = format!(
        "{{\"format\":\"guildhall ballot box 1\",\"campaign\":\"V1\",\"title\":\"Next raid\",\"method\":\"SCHULZE\",\
        \"picksPerVoter\":2,\"seats\":1,\"eligible\":12,\"entries\":[{{\"id\":\"E0\",\"name\":\"Entry E0\"}}],\
        \"standings\":[{{\"place\":1,\"entry\":\"{entry}\",\"points\":{points},\"pickCounts\":[{},{}]}}],\
        \"winners\":[\"{}\"],\"decidedByListedOrder\":false,\"digest\":\"D\",\
        \"ballots\":[{{\"receipt\":\"{receipt}\",\"nonce\":\"{nonce}\",\"picks\":[\"{}\",\"{}\"]}}]}}",
        counts[0], counts[1], file.winners[0], picks[0], picks[1],
    );
    assert_eq!(file.to_json().unwrap(), expected);
    // Files of the first release lack a key.
    let former = expected.replace("\"decidedByListedOrder\":false,", "");
    let read = BallotFile::read(&former).unwrap();
    assert_eq!((read.decided_by_listed_order, read.to_json().unwrap()), (None, former));
    assert_eq!(BallotFile { decided_by_listed_order: None, ..valid() }.check(), Vec::<String>::new());
    let marked = BallotFile::read(&format!("\u{feff}{expected}")).unwrap();
    assert_eq!(marked, file);
}
