import CityServices
import Services

/// The services of the city in this program.
///
/// `balai demo` runs the demo city; add further services here.
enum KnownServices {
    static let all: [any ServiceModule] = [demoCity, demoPeople]
    static let demoPeople = DemoPeopleService()
    static let demoCity = DemoCityService(seed: demoSeed)

    /// A fixed seed, so that the city has the same past at each start.
    private static let demoSeed: UInt64 = 1026
}
