import ArgumentParser

/// `balai check`: checks configuration and data.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether configuration and database are sound.",
        discussion: "Exits with 0 when they are, 78 for a wrong configuration, 1 otherwise."
    )

    @OptionGroup var hub: HubOptions
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let inspection = await Inspection(hub)
        if json {
            try printJSON(inspection)
        } else {
            for finding in inspection.findings {
                try StandardOutput.line("\(finding.area): \(finding.text)")
            }
            try StandardOutput.line(inspection.isSound ? "sound" : "not sound")
        }
        if let code = inspection.exitCode { throw ExitCode(code) }
    }
}
