//! What a probe or a hook asks of a container: a command, an HTTP request, a connection, a pause.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{
    Container, ExecAction, HTTPGetAction, LifecycleHandler, Probe, SleepAction, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::net::TcpStream;

use super::runtime::{PodHandle, Runtime};

/// One of four actions. They succeed or fail; how long they may take is the caller's business.
#[derive(Clone, Debug, Default)]
pub(super) struct Action {
    exec: Option<ExecAction>,
    http_get: Option<HTTPGetAction>,
    tcp_socket: Option<TCPSocketAction>,
    sleep: Option<SleepAction>,
}

impl From<&Probe> for Action {
    fn from(probe: &Probe) -> Self {
        Self {
            exec: probe.exec.clone(),
            http_get: probe.http_get.clone(),
            tcp_socket: probe.tcp_socket.clone(),
            sleep: None,
        }
    }
}

impl From<&LifecycleHandler> for Action {
    fn from(handler: &LifecycleHandler) -> Self {
        Self {
            exec: handler.exec.clone(),
            http_get: handler.http_get.clone(),
            tcp_socket: handler.tcp_socket.clone(),
            sleep: handler.sleep.clone(),
        }
    }
}

impl Action {
    pub(super) async fn perform(
        &self,
        runtime: &dyn Runtime,
        pod: &PodHandle,
        container: &Container,
    ) -> Result<()> {
        if let Some(exec) = &self.exec {
            let command = exec.command.clone().unwrap_or_default();
            let code = runtime.exec(pod, &command).await;
            ensure!(code == 0, "{command:?} ended with {code}");
            Ok(())
        } else if let Some(get) = &self.http_get {
            let host = host(get.host.as_deref(), pod);
            http_get(get, &host, port(&get.port, container)?).await
        } else if let Some(socket) = &self.tcp_socket {
            let host = host(socket.host.as_deref(), pod);
            TcpStream::connect((host, port(&socket.port, container)?)).await?;
            Ok(())
        } else if let Some(sleep) = &self.sleep {
            tokio::time::sleep(Duration::from_secs(sleep.seconds.try_into().unwrap_or(0))).await;
            Ok(())
        } else {
            bail!("the laboratory plays exec, httpGet, tcpSocket and sleep only")
        }
    }
}

fn host(host: Option<&str>, pod: &PodHandle) -> String {
    let host = host.filter(|host| !host.is_empty());
    host.map_or_else(|| pod.ip.to_string(), Into::into)
}

fn port(port: &IntOrString, container: &Container) -> Result<u16> {
    let number = match port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let mut ports = container.ports.iter().flatten();
            let port = ports.find(|port| port.name.as_ref() == Some(name));
            port.with_context(|| format!("container {} has no port {name}", container.name))?
                .container_port
        }
    };
    number
        .try_into()
        .with_context(|| format!("{number} is no port"))
}

/// A request as a kubelet makes it; 200 to 399 is success, a redirect is not followed.
async fn http_get(get: &HTTPGetAction, host: &str, port: u16) -> Result<()> {
    if get.scheme.as_deref().is_some_and(|scheme| scheme != "HTTP") {
        bail!("the laboratory asks by plain HTTP only");
    }
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut request = http::Request::get(
        get.path
            .as_deref()
            .filter(|path| !path.is_empty())
            .unwrap_or("/"),
    )
    .header("Host", format!("{host}:{port}"))
    .header("User-Agent", "kube-probe/1.36")
    .header("Accept", "*/*")
    .header("Connection", "close");
    for header in get.http_headers.iter().flatten() {
        request = request.header(&header.name, &header.value);
    }
    let request = request.body(Empty::<Bytes>::new())?;
    // The connection ends with this function: a kubelet does not keep it either. One that the server ends may have brought the
    // answer before: the request knows.
    let mut answer = std::pin::pin!(sender.send_request(request));
    let response = tokio::select! {
        response = &mut answer => response,
        _ = connection => answer.await,
    };
    let status = response?.status();
    ensure!(
        status.is_success() || status.is_redirection(),
        "the answer is {status}"
    );
    Ok(())
}
