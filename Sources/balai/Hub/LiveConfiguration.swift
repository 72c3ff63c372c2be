import Synchronization

/// The configuration in force, which services read again while the hub runs.
final class LiveConfiguration: Sendable {
    private let configuration: Mutex<HubConfiguration>

    init(_ configuration: HubConfiguration) { self.configuration = Mutex(configuration) }

    var current: HubConfiguration {
        get { configuration.withLock { $0 } }
        set { configuration.withLock { $0 = newValue } }
    }
}
