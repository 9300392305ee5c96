//! Encryption of stored texts, such as invite codes in the outbox.

use guildhall::auth::Cipher;

#[test]
fn a_text_is_decrypted_only_with_its_key_and_context() {
    let cipher = Cipher::new(&[7; 32]);
    let encrypted = cipher.encrypt("7", "ABCD2345").unwrap();
    assert_eq!(cipher.decrypt("7", &encrypted).as_deref(), Some("ABCD2345"));
    assert_eq!(cipher.decrypt("8", &encrypted), None);
    assert_eq!(Cipher::new(&[8; 32]).decrypt("7", &encrypted), None);
    assert_eq!(cipher.decrypt("7", encrypted.get(..20).unwrap()), None);
    assert_ne!(cipher.encrypt("7", "ABCD2345").unwrap(), encrypted);
}
