import ArgumentParser

/// The `balai` command.
@main
struct Balai: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balai",
        abstract: "Balai, a city's data hub (NGSI-LD).",
        discussion: """
            A hub with a demo city at http://127.0.0.1:1026: balai demo
            A hub of your own: balai serve --data DIR

            Exit codes: 0 done, 1 failed, 64 wrong usage, 65 a file is not what it should be, 66 a \
            file cannot be read, 69 address taken, 73 folder or file cannot be made, 74 database cannot be used, 77 a token's file is not private, \
            78 wrong configuration.
            """,
        version: Balai.version,
        subcommands: [
            ServeCommand.self, DemoCommand.self, ImportCommand.self, ExportCommand.self,
            CheckCommand.self, TokenCommand.self, LoginCommand.self, PolicyCommand.self,
            DeadLettersCommand.self, RecordCommand.self, VerifyCommand.self, BackupCommand.self,
            RestoreCommand.self, SourceCommand.self, MembersCommand.self,
            NetworkCommand.self, NetworkCityCommand.self,
        ]
    )

    static let version = "0.1.0"
}
