import Foundation

/// The presentation of the city on pages.
package struct PageSettings: Sendable, Hashable {
    /// The city's name in the configuration, as in "Phuket, now".
    package var cityName = "Your city"
    /// What the operator keeps of the city with the hub, which comes before the configuration.
    package var city: KeptCity?
    /// The name that pages show.
    var shownName: String { city?.current?.name ?? cityName }
    /// The city's time zone by its IANA name, in which charts show times for every reader.
    package var timeZone = "UTC"
    /// Whether everybody is the operator (`--open`), which every page then says.
    package var isOpen = false
    /// Whether the hub is in a network.
    package var hasNetwork = false
    /// The folder of Leaflet's files.
    package var leafletFolder = Self.installedLeaflet
    /// The address of map tiles, such as `https://tiles.example/{z}/{x}/{y}.png`.
    ///
    /// Without it, pages make no requests except to the hub.
    package var tileURL: String?
    package var tileAttribution = ""
    /// The address at which others reach the hub; nil for that which each asks.
    package var publicURL: String?
    /// Whether the hub itself speaks TLS.
    package var hasTLS = false
    /// The location of the hub, for hints to those who run it; nil when no hints are needed.
    package var place: HubPlace?

    package init() {}

    /// `PREFIX/share/balai/leaflet` for an installed `PREFIX/bin/balai`, or else the folder of
    /// Debian's package `libjs-leaflet`.
    private static let installedLeaflet: String = {
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = program.deletingLastPathComponent()
            .appending(path: "../share/balai/leaflet").standardized.path
        return FileManager.default.fileExists(atPath: beside)
            ? beside : "/usr/share/javascript/leaflet"
    }()

    /// The origin of the tiles, for the pages' content security policy.
    ///
    /// It has only scheme and host, so that nothing else in the address can loosen the policy.
    var tileOrigin: String? {
        guard let tileURL, let scheme = tileURL.firstRange(of: "://") else { return nil }
        let host = tileURL[scheme.upperBound...].prefix { $0 != "/" }
        let isSafe = host.utf8.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
                || [0x2D, 0x2E, 0x3A].contains($0)
        }
        let name = tileURL[..<scheme.lowerBound]
        guard isSafe, !host.isEmpty, name == "https" || name == "http" else { return nil }
        return "\(name)://\(host)"
    }

    /// Scripts, styles and data come from the hub alone; Leaflet moves its panes through style
    /// objects, which needs no exception.
    var contentSecurityPolicy: String {
        let images = ["'self'", "data:", tileOrigin].compactMap(\.self).joined(separator: " ")
        return "default-src 'self'; img-src \(images); frame-ancestors 'none'; base-uri 'none'; "
            + "form-action 'self'; object-src 'none'"
    }
}

/// The location of a hub on its machine, for commands that use it.
package struct HubPlace: Sendable, Hashable {
    /// The absolute path of its data folder.
    package var dataFolder: String
    /// The host for URLs on its machine.
    package var host: String
    /// The port; 0 when it took a free one.
    package var port: Int
    /// Whether only its own machine can reach it: the hub listens on a loopback address, and no
    /// proxy is known.
    package var isForThisMachine: Bool

    package init(dataFolder: String, host: String, port: Int, isForThisMachine: Bool) {
        self.dataFolder = dataFolder
        self.host = host
        self.port = port
        self.isForThisMachine = isForThisMachine
    }
}
