import Collect
package import Foundation

/// What files sent over HTTP may be, and where they lie while they are read.
package struct ImportSettings: Sendable {
    /// A folder of maps for tables: `NAME.map.yaml` is what `map=NAME` names.
    ///
    /// Without one, no table can be sent.
    package var mapsFolder: String?
    /// A longer file is refused with 413.
    package var maximumBytes = 256 * 1024 * 1024
    /// Files taken at a time, shared out among the parties; one more is asked to come again.
    package var maximumAtOnce = 4
    /// Where a file lies while it is read.
    package var spoolFolder: URL = FileManager.default.temporaryDirectory

    /// What an import may keep in memory of its file.
    package var maximumKeptBytes = 64 << 20
    /// The longest evolution that a file may have, in bytes: the limit of a request body.
    static let maximumEvolutionBytes = 16 << 20

    package init() {}

    /// What one import may keep.
    var room: ImportRoom { ImportRoom(maximumBytes: maximumKeptBytes) }
}
