import Collect
package import Foundation

/// The limits of files sent over HTTP, and the folders for them.
package struct ImportSettings: Sendable {
    /// The folder of maps for tables: `map=NAME` uses `NAME.map.yaml`.
    ///
    /// Without it, tables are refused.
    package var mapsFolder: String?
    /// The most bytes of a file; a longer one is refused with 413.
    package var maximumBytes = 256 * 1024 * 1024
    /// The files imported at a time, shared out among the parties; more are asked to come again.
    package var maximumAtOnce = 4
    /// The folder for a file while it is read.
    package var spoolFolder: URL = FileManager.default.temporaryDirectory

    /// The most bytes that an import may keep in memory.
    package var maximumKeptBytes = 64 << 20
    /// The longest evolution that a file may have, in bytes: the limit of a request body.
    static let maximumEvolutionBytes = 16 << 20

    package init() {}

    /// The memory limit of one import.
    var memory: ImportMemory { ImportMemory(maximumBytes: maximumKeptBytes) }
}
