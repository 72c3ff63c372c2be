/// How the Gateway listens and what it refuses; every limit has a name here.
package struct GatewaySettings: Sendable, Hashable {
    package var host = "127.0.0.1"
    /// 0 takes any free port.
    package var port = 1026
    /// Everybody is the operator; the pages say so.
    package var isOpen = false

    /// A longer body is refused with 413 and not read to its end.
    package var maximumBodyBytes = 16 * 1024 * 1024
    /// All header fields of a request together.
    package var maximumHeaderBytes = 32 * 1024
    /// Connections beyond it wait in the system's queue.
    package var maximumConnections = 4096
    /// A connection without a request is closed after this time, and so is one that does not
    /// finish the head of its request in it.
    package var idleTimeoutSeconds = 60
    /// A request of whose body too little has come in this time is cut off, and so is one of whose
    /// answer too little was taken in it.
    package var bodyTimeoutSeconds = 60

    package init() {}
}
