/// Refuses addresses that the hub never calls, without looking up names.
struct CallableAddresses: Sendable {
    /// Whether the hub will never call the address, which is decided without looking up its name.
    let refuses: @Sendable (_ uri: String) -> Bool

    /// Throws for an address that the hub will never call.
    ///
    /// A name is looked up when it is called and not here: the answer would tell strangers which
    /// names the city's network has, and the receiver may be set up later.
    func requireCallable(_ uri: String, at path: String) throws(BrokerError) {
        guard refuses(uri) else { return }
        throw BrokerError(
            .badRequestData,
            "'\(path)' is '\(MQTTEndpoint.withoutPassword(uri))', which is not an address of the public "
                + "internet, and this hub calls no other; its operator can allow it with "
                + "contexts.allowPrivateAddresses."
        )
    }
}
