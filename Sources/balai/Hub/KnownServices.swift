import CityServices
import Services

/// The services of the city that this program has.
///
/// `balai demo` runs the demo city; whoever adds a service names it here.
enum KnownServices {
    static let all: [any ServiceModule] = [demoCity, demoPeople]
    static let demoPeople = DemoPeopleService()
    static let demoCity = DemoCityService(seed: demoSeed)

    /// The same city at each start, so that a later one tells the same past.
    private static let demoSeed: UInt64 = 1026
}
