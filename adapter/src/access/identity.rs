//! Who is asking: users, and the subjects of certificates.

use std::collections::BTreeMap;

use x509_parser::der_parser::asn1_rs::{Oid, oid};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// Somebody who proved to be who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// For example `system:serviceaccount:kube-system:horizontal-pod-autoscaler`.
    pub name: String,
    /// The identity provider's stable number for this name, where it gives one.
    pub uid: Option<String>,
    /// With `system:authenticated`.
    pub groups: Vec<String>,
    /// Whatever else the identity provider says.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The user that stands for nobody in particular.
const ANONYMOUS: &str = "system:anonymous";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";

impl User {
    /// Whether this stands for nobody in particular.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.name == ANONYMOUS
    }

    /// Adds `system:authenticated`, as every API server does; whoever vouched for the user may
    /// have said so, or the contrary, already. The aggregator's own requests come without it.
    #[must_use]
    pub(crate) fn authenticated(mut self) -> Self {
        let said = |group: &String| group == AUTHENTICATED || group == UNAUTHENTICATED;
        if !self.is_anonymous() && !self.groups.iter().any(said) {
            self.groups.push(AUTHENTICATED.to_owned());
        }
        self
    }
}

/// Common name, in Go `pkix.Name.CommonName`.
const COMMON_NAME: Oid<'static> = oid!(2.5.4.3);
/// Organization, which Kubernetes reads as a group.
const ORGANIZATION: Oid<'static> = oid!(2.5.4.10);
/// Kubernetes' own attribute for a user's uid (k8s.io/apimachinery's `asn1.X509UID`).
const UID: Oid<'static> = oid!(1.3.6.1.4.1.57683.2);

/// What Kubernetes reads from the subject of a client certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The last one, where there are several, as Go does.
    pub(crate) common_name: String,
    /// All of them, in their order.
    pub(crate) organizations: Vec<String>,
    pub(crate) uid: Option<String>,
}

/// Why a subject names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SubjectError {
    #[error("its subject is not a distinguished name")]
    Malformed,
    #[error("its {0} is not in a character set that is read here (UTF-8, printable, IA5, numeric)")]
    Unreadable(&'static str),
    #[error("its subject has {0} uids")]
    ManyUids(usize),
    #[error("its uid is empty")]
    EmptyUid,
}

impl Subject {
    /// Reads a subject as rustls-webpki gives it: the content of the outer SEQUENCE, without its
    /// tag and length. Reading from the parser that verified the certificate leaves no room for
    /// two parsers to see two different subjects.
    ///
    /// x509-parser reads the names inside: it is fuzzed, and needed for the validity of
    /// certificates anyway, which outweighs the crates that it brings.
    pub(crate) fn read(content: &[u8]) -> Result<Self, SubjectError> {
        let name = sequence(content);
        let (rest, name) = X509Name::from_der(&name).map_err(|_| SubjectError::Malformed)?;
        if !rest.is_empty() {
            return Err(SubjectError::Malformed);
        }
        let read = |oid: &Oid<'static>, what| {
            name.iter_attributes()
                .filter(|attribute| attribute.attr_type() == oid)
                .map(|attribute| attribute.as_str().map(str::to_owned))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| SubjectError::Unreadable(what))
        };
        let mut common_names = read(&COMMON_NAME, "common name")?;
        let mut uids = read(&UID, "uid")?;
        if uids.len() > 1 {
            return Err(SubjectError::ManyUids(uids.len()));
        }
        let uid = uids.pop();
        if uid.as_ref().is_some_and(String::is_empty) {
            return Err(SubjectError::EmptyUid);
        }
        Ok(Self {
            common_name: common_names.pop().unwrap_or_default(),
            organizations: read(&ORGANIZATION, "organization")?,
            uid,
        })
    }
}

/// Puts the tag and the length of a DER SEQUENCE before `content`.
fn sequence(content: &[u8]) -> Vec<u8> {
    const SEQUENCE: u8 = 0x30;
    const LONG_FORM: u8 = 0x80;
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = &length[zeros..];
    let mut der = vec![SEQUENCE];
    match length {
        [] => der.push(0),
        [short] if *short < LONG_FORM => der.push(*short),
        long => {
            der.push(LONG_FORM | long.len() as u8);
            der.extend_from_slice(long);
        }
    }
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::string::{BmpString, Ia5String, PrintableString};
    use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};

    use super::*;

    const UID_TYPE: &[u64] = &[1, 3, 6, 1, 4, 1, 57683, 2];

    fn subject(name: DistinguishedName) -> Result<Subject, SubjectError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let certificate = webpki::EndEntityCert::try_from(certificate.der()).unwrap();
        Subject::read(certificate.subject())
    }

    /// `SEQUENCE OF SET OF SEQUENCE { type, value }` by hand: rcgen writes no attribute twice.
    fn name(attributes: &[(&[u8], u8, &str)]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let mut der = sequence(content);
            der[0] = tag;
            der
        };
        let attributes = attributes.iter().map(|(oid, tag, value)| {
            let attribute = [wrap(0x06, oid), wrap(*tag, value.as_bytes())].concat();
            wrap(0x31, &wrap(0x30, &attribute))
        });
        attributes.flatten().collect()
    }

    const CN: &[u8] = &[0x55, 4, 3];
    const O: &[u8] = &[0x55, 4, 10];
    const UTF8: u8 = 0x0c;
    const TELETEX: u8 = 0x14;

    #[test]
    fn a_certificate_names_its_user_its_group_and_its_uid() {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "ada");
        name.push(DnType::OrganizationName, "ops");
        name.push(DnType::CountryName, "DE");
        name.push(DnType::CustomDnType(UID_TYPE.to_vec()), "7");
        let expected = Subject {
            common_name: "ada".to_owned(),
            organizations: vec!["ops".to_owned()],
            uid: Some("7".to_owned()),
        };
        assert_eq!(subject(name), Ok(expected));
    }

    #[test]
    fn the_usual_character_sets_are_read_and_others_refused() {
        let printable = DnValue::PrintableString(PrintableString::try_from("ada").unwrap());
        let ia5 = DnValue::Ia5String(Ia5String::try_from("ada").unwrap());
        let utf8 = DnValue::Utf8String("ada".to_owned());
        for value in [printable, ia5, utf8] {
            let mut name = DistinguishedName::new();
            name.push(DnType::CommonName, value);
            assert_eq!(subject(name).unwrap().common_name, "ada");
        }
        let mut wide = DistinguishedName::new();
        let value = DnValue::BmpString(BmpString::try_from("ada").unwrap());
        wide.push(DnType::CommonName, value);
        assert_eq!(subject(wide), Err(SubjectError::Unreadable("common name")));
        let teletex = name(&[(CN, UTF8, "ada"), (O, TELETEX, "ops")]);
        assert_eq!(
            Subject::read(&teletex),
            Err(SubjectError::Unreadable("organization"))
        );
    }

    #[test]
    fn of_several_common_names_the_last_counts_and_of_organizations_all_do() {
        let several = name(&[
            (CN, UTF8, "first"),
            (O, UTF8, "ops"),
            (CN, UTF8, "last"),
            (O, UTF8, "dev"),
        ]);
        let subject = Subject::read(&several).unwrap();
        assert_eq!(subject.common_name, "last");
        assert_eq!(subject.organizations, ["ops", "dev"]);
    }

    #[test]
    fn a_uid_is_one_or_none() {
        // 1.3.6.1.4.1.57683.2 in DER.
        let uid: &[u8] = &[0x2b, 6, 1, 4, 1, 0x83, 0xc2, 0x53, 2];
        let read = |values: &[&str]| {
            let attributes: Vec<_> = values.iter().map(|value| (uid, UTF8, *value)).collect();
            Subject::read(&name(&attributes)).map(|subject| subject.uid)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["7"]), Ok(Some("7".to_owned())));
        assert_eq!(read(&["7", "8"]), Err(SubjectError::ManyUids(2)));
        assert_eq!(read(&[""]), Err(SubjectError::EmptyUid));
    }

    #[test]
    fn an_empty_subject_names_nobody() {
        assert_eq!(Subject::read(&[]), Ok(Subject::default()));
    }

    #[test]
    fn every_authenticated_user_is_in_the_group_of_that_name() {
        let with = |name: &str, groups: &[&str]| {
            let user = User {
                name: name.to_owned(),
                groups: groups.iter().map(ToString::to_string).collect(),
                ..User::default()
            };
            user.authenticated().groups
        };
        assert_eq!(with("ada", &["ops"]), ["ops", "system:authenticated"]);
        let already = ["system:authenticated", "ops"];
        assert_eq!(with("ada", &already), already);
        assert_eq!(
            with("ada", &["system:unauthenticated"]),
            ["system:unauthenticated"]
        );
        assert!(with("system:anonymous", &[]).is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_subject_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = Subject::read(&bytes);
        }

        #[test]
        fn a_damaged_subject_is_a_subject_or_an_error(at in 0_usize..64, byte: u8) {
            let mut name = name(&[(CN, UTF8, "ada"), (O, UTF8, "ops"), (CN, UTF8, "last")]);
            let at = at % name.len();
            name[at] = byte;
            let _ = Subject::read(&name);
        }

        #[test]
        fn any_name_is_read_back(cn in "\\PC{0,300}", groups in prop::collection::vec("\\PC{0,80}", 0..4)) {
            let mut attributes = vec![(CN, UTF8, cn.as_str())];
            attributes.extend(groups.iter().map(|group| (O, UTF8, group.as_str())));
            let subject = Subject::read(&name(&attributes)).unwrap();
            prop_assert_eq!(subject.common_name, cn);
            prop_assert_eq!(subject.organizations, groups);
        }
    }
}
