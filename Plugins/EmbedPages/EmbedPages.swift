import Foundation
import PackagePlugin

/// Puts the files that pages are made of into the program, which so needs no folder of them where
/// it runs.
@main
struct EmbedPages: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let folder = target.directoryURL.appending(path: "Resources")
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
            .filter { path in
                !path.split(separator: "/").contains { $0.hasPrefix(".") } && path.contains(".")
            }
        return [
            .buildCommand(
                displayName: "Embedding the pages' files",
                executable: try context.tool(named: "PageEmbedder").url,
                arguments: [output.path, folder.path] + paths,
                inputFiles: paths.map { folder.appending(path: $0) },
                outputFiles: [output]
            )
        ]
    }
}
