import ArgumentParser
import Collect
import ContextModel
import Foundation

/// `balai source`: helps to write the definition of a source.
struct SourceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source",
        abstract: "Propose the definition of a source, or try one on a message.",
        subcommands: [Suggest.self, Try.self]
    )

    /// `balai source suggest`: proposes a map for a sample.
    struct Suggest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "suggest",
            abstract: "Propose a definition for a sample of messages, in JSON or CSV.",
            discussion: "What it is unsure of stands in the text as a remark. Nothing is sent."
        )

        @Argument(help: "The file with the sample; - for standard input.") var file: String
        @Option(help: "The type of the entities.") var type: String?

        func run() async throws {
            let sample = try SourceCommand.read(file)
            try SourceCommand.about(file) { () throws(SourceError) in
                let suggestion = try SourceSuggestion(sample: sample, type: type)
                do throws(OutputError) { try StandardOutput.write(suggestion.text) } catch {
                    throw SourceError(error.description)
                }
            }
        }
    }

    /// `balai source try`: shows what a message would become.
    struct Try: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "try",
            abstract: "Show what a message would become by a definition.",
            discussion: """
                Prints the entities as JSON, one on each line, and what is refused on standard error. \
                Exits with 1 when anything is refused. Nothing is sent.
                """
        )

        @Argument(help: "The definition (.source.yaml).") var definition: String
        @Argument(help: "The file with the message; - for standard input.") var message: String
        @Option(help: "The topic of the message.") var topic: String?

        func run() async throws {
            let text = String(decoding: try SourceCommand.read(definition), as: UTF8.self)
            let body = try SourceCommand.read(message)
            let mapper = try SourceCommand.about(definition) { () throws(SourceError) in
                try SourceMapper(SourceDefinition(text, name: definition))
            }
            let mapped = mapper.map(
                SourceMessage(body, topic: topic, receivedAt: Timestamp(Date()))
            )
            for entity in mapped.entities {
                try StandardOutput.line(String(decoding: entity.serialized, as: UTF8.self))
            }
            for refusal in mapped.refusals { StandardError.write("refused: \(refusal)\n") }
            if !mapped.refusals.isEmpty { throw ExitCode.failure }
        }
    }

    fileprivate static func read(_ file: String) throws -> [UInt8] {
        let data =
            file == "-"
            ? FileHandle.standardInput.readDataToEndOfFile()
            : FileManager.default.contents(atPath: file)
        guard let data else {
            StandardError.write("balai: \(file) cannot be read.\n")
            throw ExitCode(EX_NOINPUT)
        }
        return Array(data)
    }

    fileprivate static func about<Result>(
        _ file: String,
        _ body: () throws(SourceError) -> Result
    ) throws -> Result {
        do throws(SourceError) { return try body() } catch {
            StandardError.write("balai: \(error.description)\n")
            throw ExitCode(EX_DATAERR)
        }
    }
}
