//! Authorities and certificates for tests.

use std::collections::BTreeMap;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a certificate shall say. The default is a good client's.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) common_name: &'static str,
    pub(crate) organization: Option<&'static str>,
    pub(crate) usages: Vec<ExtendedKeyUsagePurpose>,
    /// Valid from the first day of one year to that of another.
    pub(crate) years: (i32, i32),
    pub(crate) names: Vec<String>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            common_name: "ada",
            organization: None,
            usages: vec![ExtendedKeyUsagePurpose::ClientAuth],
            years: (2000, 3000),
            names: Vec::new(),
        }
    }
}

impl Wish {
    pub(crate) fn client(common_name: &'static str) -> Self {
        Self {
            common_name,
            ..Self::default()
        }
    }

    pub(crate) fn server(name: &str) -> Self {
        Self {
            common_name: "server",
            usages: vec![ExtendedKeyUsagePurpose::ServerAuth],
            names: vec![name.to_owned()],
            ..Self::default()
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        if !self.common_name.is_empty() {
            let name = &mut params.distinguished_name;
            name.push(DnType::CommonName, self.common_name);
        }
        if let Some(organization) = self.organization {
            let name = &mut params.distinguished_name;
            name.push(DnType::OrganizationName, organization);
        }
        params.extended_key_usages.clone_from(&self.usages);
        params.not_before = date_time_ymd(self.years.0, 1, 1);
        params.not_after = date_time_ymd(self.years.1, 1, 1);
        params
    }

    fn authority(&self) -> CertificateParams {
        let mut params = self.params();
        params.extended_key_usages.clear();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
    }

    /// A certificate that vouches for itself.
    pub(crate) fn self_signed(&self) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = self.params().self_signed(&key).unwrap();
        Identity::new(&certificate, &[], &key)
    }
}

/// Who vouches for others.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// From this one's own certificate up to below the root; empty for a root.
    above: Vec<(CertificateDer<'static>, String)>,
}

impl Authority {
    pub(crate) fn new(common_name: &'static str) -> Self {
        Self::valid(common_name, (2000, 3000))
    }

    pub(crate) fn valid(common_name: &'static str, years: (i32, i32)) -> Self {
        let wish = Wish {
            common_name,
            years,
            ..Wish::default()
        };
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(wish.authority(), key).unwrap();
        let above = Vec::new();
        Self { issuer, above }
    }

    /// An authority that this one vouches for.
    pub(crate) fn intermediate(&self, common_name: &'static str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = Wish::client(common_name).authority();
        let issuer = CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap();
        let mut above = vec![(issuer.der().clone(), issuer.pem())];
        above.extend(self.above.iter().cloned());
        Self { issuer, above }
    }

    pub(crate) fn issue(&self, wish: &Wish) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = wish.params().signed_by(&key, &self.issuer).unwrap();
        Identity::new(&certificate, &self.above, &key)
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }
}

/// A certificate, those above it, and its key.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    /// Both as files hold them.
    pub(crate) chain_pem: String,
    pub(crate) key_pem: String,
}

impl Identity {
    fn new(
        certificate: &Certificate,
        above: &[(CertificateDer<'static>, String)],
        key: &KeyPair,
    ) -> Self {
        let mut chain = vec![certificate.der().clone()];
        let mut chain_pem = certificate.pem();
        for (der, pem) in above {
            chain.push(der.clone());
            chain_pem.push_str(pem);
        }
        Self {
            chain,
            chain_pem,
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            key_pem: key.serialize_pem(),
        }
    }
}

/// What an API server with these bundles (PEM) and names of front proxies (JSON) publishes about them.
pub(crate) fn published(clients: &str, proxies: &str, names: &str) -> BTreeMap<String, String> {
    [
        ("client-ca-file", clients),
        ("requestheader-client-ca-file", proxies),
        ("requestheader-allowed-names", names),
        ("requestheader-username-headers", r#"["X-Remote-User"]"#),
        ("requestheader-uid-headers", r#"["X-Remote-Uid"]"#),
        ("requestheader-group-headers", r#"["X-Remote-Group"]"#),
        (
            "requestheader-extra-headers-prefix",
            r#"["X-Remote-Extra-"]"#,
        ),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}
