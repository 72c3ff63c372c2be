import Foundation

/// How the pages present the city.
package struct PageSettings: Sendable, Hashable {
    /// The city's name, as in "Phuket, now".
    package var cityName = "Your city"
    /// The city's time zone by its IANA name: charts show its time, wherever the reader is.
    package var timeZone = "UTC"
    /// `--open`: everybody is the operator, and every page says so.
    package var isOpen = false
    /// Where Leaflet's plain files lie.
    package var leafletFolder = Self.installedLeaflet
    /// Map tiles by an address such as `https://tiles.example/{z}/{x}/{y}.png`.
    ///
    /// Without one, no page calls anybody but the hub.
    package var tileURL: String?
    package var tileAttribution = ""
    /// Where the hub is, for hints to those who run it; nil where nobody needs any.
    package var place: HubPlace?

    package init() {}

    /// Beside an installed program, `PREFIX/share/balai/leaflet` for `PREFIX/bin/balai`; or else where
    /// Debian's package `libjs-leaflet` puts them.
    private static let installedLeaflet: String = {
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = program.deletingLastPathComponent()
            .appending(path: "../share/balai/leaflet").standardized.path
        return FileManager.default.fileExists(atPath: beside)
            ? beside : "/usr/share/javascript/leaflet"
    }()

    /// The origin of the tiles, for the pages' content security policy: scheme and host alone, so
    /// that nothing else of the address can loosen the policy.
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

    /// Scripts, styles and data come from the hub alone; Leaflet moves its panes by way of the
    /// style objects, which needs no exception.
    var contentSecurityPolicy: String {
        let images = ["'self'", "data:", tileOrigin].compactMap(\.self).joined(separator: " ")
        return "default-src 'self'; img-src \(images); frame-ancestors 'none'; base-uri 'none'; "
            + "form-action 'self'; object-src 'none'"
    }
}

/// Where a hub is on its machine: what commands that fill it need to know.
package struct HubPlace: Sendable, Hashable {
    /// The folder its data is in, by its whole path.
    package var dataFolder: String
    /// The host that leads to it on its machine, as it stands in a URL.
    package var host: String
    /// 0 when it took any free one.
    package var port: Int
    /// Whether only its own machine reaches it: the hub listens on a loopback address, and no proxy
    /// is known to stand before it.
    package var isForThisMachine: Bool

    package init(dataFolder: String, host: String, port: Int, isForThisMachine: Bool) {
        self.dataFolder = dataFolder
        self.host = host
        self.port = port
        self.isForThisMachine = isForThisMachine
    }
}
