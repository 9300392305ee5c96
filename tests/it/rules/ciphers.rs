//! Texts that only servers can read.

use guildhall::auth::Cipher;

#[test]
fn a_text_can_be_opened_only_where_it_was_sealed() {
    let cipher = Cipher::new(&[7; 32]);
    let sealed = cipher.seal("7", "ABCD2345").unwrap();
    assert_eq!(cipher.open("7", &sealed).as_deref(), Some("ABCD2345"));
    assert_eq!(cipher.open("8", &sealed), None);
    assert_eq!(Cipher::new(&[8; 32]).open("7", &sealed), None);
    assert_eq!(cipher.open("7", sealed.get(..20).unwrap()), None);
    assert_ne!(cipher.seal("7", "ABCD2345").unwrap(), sealed);
}
