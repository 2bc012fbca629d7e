//! Certificate authorities and certificates, made anew for every laboratory.

use anyhow::{Context, Result, bail};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// The attribute type of an organization, said by its number: rcgen keeps one value for each name, a certificate may hold more.
const ORGANIZATION: [u64; 4] = [2, 5, 4, 10];

/// A certificate and its key, both PEM.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The certificate, without its authority.
    pub certificate: String,
    /// The private key, PKCS #8.
    pub key: String,
}

/// An authority that signs certificates for servers and clients.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new authority with a key of its own.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)
            .with_context(|| format!("cannot make the certificate authority {name}"))?;
        Ok(Self(issuer))
    }

    /// The authority's own certificate, PEM: what a client is given to trust.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a server, good for these DNS names and IP addresses. It may be shown as a client, too, as etcd does.
    ///
    /// # Errors
    /// When a name is none.
    pub fn server(&self, name: &str, names: &[String]) -> Result<Credentials> {
        let mut params = CertificateParams::new(names)
            .with_context(|| format!("cannot make a certificate for {names:?}"))?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        self.sign(params)
    }

    /// A certificate for a client: to Kubernetes the common name is the user, the organizations are the groups.
    ///
    /// # Errors
    /// When more than two groups are asked for.
    pub fn client(&self, user: &str, groups: &[&str]) -> Result<Credentials> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        for (group, kind) in groups.iter().zip([
            DnType::OrganizationName,
            DnType::CustomDnType(ORGANIZATION.into()),
        ]) {
            params.distinguished_name.push(kind, *group);
        }
        if groups.len() > 2 {
            bail!(
                "a client certificate of the laboratory holds two groups at most, not {groups:?}"
            );
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Result<Credentials> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params
            .signed_by(&key, &self.0)
            .context("cannot sign a certificate")?;
        Ok(Credentials {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}
