use prost::Message;
use tonic::transport::Server;

#[derive(Clone, PartialEq, Message)]
struct Hello {
    #[prost(string, tag = "1")]
    name: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", Hello { name: "world".into() }.name);
    let routes = tonic::service::Routes::default();
    Server::builder().add_routes(routes).serve("127.0.0.1:8080".parse()?).await?;
    Ok(())
}
