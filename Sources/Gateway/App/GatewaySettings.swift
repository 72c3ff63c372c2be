/// The settings of the Gateway: where it listens, and its limits.
package struct GatewaySettings: Sendable, Hashable {
    package var host = "127.0.0.1"
    /// The port; 0 for any free one.
    package var port = 1026
    /// Whether everybody is the operator, which the pages then say.
    package var isOpen = false
    /// The origins whose pages may use the hub in a browser, such as `https://map.example.org`; `*` for all.
    package var origins: [String] = []

    /// The most bytes of a body; a longer one is refused with 413 and not read to its end.
    package var maximumBodyBytes = 16 * 1024 * 1024
    /// The most bytes of all header fields of a request.
    package var maximumHeaderBytes = 32 * 1024
    /// The most connections; more wait in the system's queue.
    package var maximumConnections = 4096
    /// A connection without a request is closed after this time, as is one that does not finish
    /// the head of its request in this time.
    package var idleTimeoutSeconds = 60
    /// A request is ended when too little of its body arrives, or too little of its answer is
    /// accepted, in this time.
    package var bodyTimeoutSeconds = 60

    package init() {}
}
