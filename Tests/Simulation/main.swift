import Foundation

// Simulates some minutes of a city from a seed: `Simulation SEED SECONDS`. The output is the same
// each time for one seed. Violations go to the error output, and the exit code is 1 then.

func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
guard arguments.count == 2, getenv("SWIFT_DETERMINISTIC_HASHING") != nil else {
    say("usage: SWIFT_DETERMINISTIC_HASHING=1 Simulation SEED SECONDS")
    exit(64)
}
let city = City(.current, for: .seconds(Int(arguments[1])))
let isComplete = World.current.run(seed: arguments[0]) {
    do { try await city.live() } catch { city.note("it ends with an error: \(error)") }
}
if !isComplete { city.note("nothing can go on") }
for fault in city.faults.prefix(20) { say(fault) }
print(city.trace)
exit(city.faults.isEmpty ? 0 : 1)
