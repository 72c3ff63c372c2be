// swift-tools-version: 6.1
import PackageDescription

// Direct dependencies are pinned exactly; what these depend on floats within the ranges they give.
let package = Package(
    name: "balai",
    products: [
        .executable(name: "balai", targets: ["balai"]),
        // What `HubTests` loads into a hub so that its disk fails.
        .library(name: "DiskFaults", type: .dynamic, targets: ["DiskFaults"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-configuration",
            exact: "1.4.0",
            traits: ["YAML", "CommandLineArguments"]
        ),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-structured-headers", exact: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: [
        .systemLibrary(
            name: "CGEOS",
            pkgConfig: "geos",
            providers: [.apt(["libgeos-dev"])]
        ),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(
            name: "CMosquitto",
            pkgConfig: "libmosquitto",
            providers: [.apt(["libmosquitto-dev"])]
        ),
        .systemLibrary(
            name: "CZip",
            pkgConfig: "libzip",
            providers: [.apt(["libzip-dev"])]
        ),
        .systemLibrary(
            name: "CZlib",
            pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"])]
        ),

        .target(name: "ContextModel"),
        .target(
            name: "Governance",
            dependencies: [
                "ContextModel", .product(name: "DequeModule", package: "swift-collections"),
            ]
        ),
        .target(
            name: "Record",
            dependencies: ["ContextModel", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .target(name: "Statistics", dependencies: ["ContextModel"]),
        .target(name: "Federation", dependencies: ["ContextModel"]),
        .target(
            name: "Borders",
            dependencies: ["ContextModel"],
            exclude: ["Resources"],
            plugins: ["EmbedPages"]
        ),
        .target(
            name: "HubNetwork",
            dependencies: [
                "Borders", "ContextModel", "Record",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(
                    name: "RawStructuredFieldValues",
                    package: "swift-http-structured-headers"
                ),
            ]
        ),
        .target(name: "Storage", dependencies: ["ContextModel", "Governance", "CGEOS"]),
        .target(
            name: "StorageSQLite",
            dependencies: [
                "ContextModel", "Governance", "Record", "Storage",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]
        ),
        .target(name: "StorageMemory", dependencies: ["ContextModel", "Governance", "Storage"]),
        .target(
            name: "Broker",
            dependencies: [
                "Borders", "ContextModel", "Federation", "Governance", "HubNetwork", "Record",
                "Statistics", "Storage",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(
            name: "Outbound",
            dependencies: [
                "Broker", "CMosquitto", "Collect", "ContextModel", "Federation", "Governance",
                "HubNetwork", "Storage",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                "Record",
            ]
        ),
        .target(
            name: "Collect",
            dependencies: [
                "ContextModel", "CZip",
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .target(
            name: "Services",
            dependencies: [
                "Broker", "ContextModel", "Governance", "Storage",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(
            name: "CityServices",
            dependencies: [
                "Broker", "ContextModel", "Governance", "Services", "Storage",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(
            name: "Gateway",
            dependencies: [
                "Borders", "Broker", "Collect", "ContextModel", "CZlib", "Federation", "Governance",
                "HubNetwork", "Record", "Services", "Storage",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            exclude: ["Resources"],
            plugins: ["EmbedPages"]
        ),
        // The pages' files travel inside the program.
        .plugin(name: "EmbedPages", capability: .buildTool(), dependencies: ["PageEmbedder"]),
        .executableTarget(name: "PageEmbedder", path: "Plugins/PageEmbedder"),
        .executableTarget(
            name: "balai",
            dependencies: [
                "Broker", "CityServices", "CMalloc", "Collect", "ContextModel", "Gateway",
                "Borders", "Governance", "HubNetwork", "Outbound", "Record", "Services",
                "Statistics",
                "Storage", "StorageSQLite",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),

        // What `make bench` runs. They need no package that the hub does not need, and as a package
        // of their own they would have everything built twice.
        .executableTarget(
            name: "Hello",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Benchmarks/Hello"
        ),
        .executableTarget(
            name: "Load",
            dependencies: [.product(name: "GRDBSQLite", package: "GRDB.swift")],
            path: "Benchmarks/Load"
        ),
        .executableTarget(
            name: "Decide",
            dependencies: ["ContextModel", "Governance", "Record", "Storage", "StorageSQLite"],
            path: "Benchmarks/Decide"
        ),

        .target(name: "DiskFaults", path: "Tests/DiskFaults"),
        // Programs in processes of their own, and raw connections to them.
        .target(name: "Processes", path: "Tests/Processes"),
        // Archives that nobody should make.
        .target(name: "Archives", path: "Tests/Archives"),
        // What tests of chance share.
        .target(name: "Chance", path: "Tests/Chance"),
        // Stores that do what no store does, so that a test can show it would notice.
        .target(
            name: "StoreDoubles",
            dependencies: ["Broker", "ContextModel", "Governance", "Record", "Storage"],
            path: "Tests/StoreDoubles"
        ),
        // A city's hub that lives through minutes in moments, from a seed. It is a program, for it takes
        // the place of the threads on which Swift's tasks run.
        .target(name: "TaskHook", path: "Tests/TaskHook"),
        .executableTarget(
            name: "Simulation",
            dependencies: [
                "Broker", "Chance", "ContextModel", "Governance", "Storage", "StorageMemory",
                "StoreDoubles", "TaskHook",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Simulation"
        ),
        // What marks tests with the clauses they check; the conformance statement is made of it.
        .target(name: "Clauses", path: "Tests/Clauses"),
        .testTarget(
            name: "ContextModelTests",
            dependencies: ["Chance", "Clauses", "ContextModel"]
        ),
        // The readers that strangers reach, for `make test` and, with libFuzzer, for `make fuzz`.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Archives", "Chance", "Collect", "ContextModel", "Outbound", "Record", "Storage",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/FuzzTargets"
        ),
        .testTarget(name: "FuzzTests", dependencies: ["Chance", "FuzzTargets"]),
        .testTarget(
            name: "GovernanceTests",
            dependencies: ["Chance", "ContextModel", "Governance", "Storage"]
        ),
        .testTarget(
            name: "RecordTests",
            dependencies: ["Chance", "ContextModel", "Record"],
            exclude: ["Tree/MerkleVectors.tsv"]
        ),
        .testTarget(
            name: "FederationTests",
            dependencies: ["Chance", "Clauses", "ContextModel", "Federation"]
        ),
        .testTarget(name: "BordersTests", dependencies: ["Borders", "Chance", "ContextModel"]),
        .testTarget(
            name: "HubNetworkTests",
            dependencies: [
                "Borders", "ContextModel", "HubNetwork", "Processes",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            exclude: ["Signatures/sign_and_verify.py"]
        ),
        .testTarget(
            name: "StatisticsTests",
            dependencies: ["Chance", "ContextModel", "Processes", "Statistics"],
            exclude: ["Peers"]
        ),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "Chance", "Clauses", "ContextModel", "Governance", "Processes", "Record", "Storage",
                "StorageMemory", "StorageSQLite", "StoreDoubles",
            ],
            exclude: ["Record/verify_record.py"]
        ),
        .testTarget(
            name: "BrokerTests",
            dependencies: [
                "Borders", "Broker", "Chance", "Clauses", "ContextModel", "Federation",
                "Governance", "HubNetwork", "Record", "Statistics",
                "Storage", "StorageMemory", "StorageSQLite", "StoreDoubles",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "OutboundTests",
            dependencies: [
                "Broker", "Clauses", "CMosquitto", "Collect", "ContextModel", "Federation",
                "Governance", "Outbound",
                "Processes", "StorageMemory", "StorageSQLite", "StoreDoubles",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        .testTarget(name: "CollectTests", dependencies: ["Archives", "Collect", "ContextModel"]),
        .testTarget(
            name: "ServicesTests",
            dependencies: [
                "Broker", "CityServices", "ContextModel", "Governance", "Services", "Storage",
                "StorageMemory", "StoreDoubles",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Borders", "Broker", "Chance", "CityServices", "Clauses", "Collect", "ContextModel",
                "CZlib", "Federation", "FuzzTargets", "Gateway", "Governance", "HubNetwork",
                "Outbound",
                "Processes",
                "Record",
                "Services",
                "Storage", "StorageMemory", "StorageSQLite", "StoreDoubles",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["Network/medallion_server.py"]
        ),
        .testTarget(
            name: "balaiTests",
            dependencies: [
                "balai", "Broker", "ContextModel", "Gateway", "Governance", "Processes",
                "Record", "Storage", "StorageSQLite",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(name: "ConformanceTests", exclude: ["StatementItems.tsv"]),
        .testTarget(name: "HouseRulesTests"),
        // The hub as its users meet it: a process of its own, behind a socket.
        .testTarget(
            name: "HubTests",
            dependencies: [
                "Archives", "balai", "Chance", "ContextModel", "Processes", "Record", "Simulation",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            exclude: [
                "Clients/catalogue_shapes.ttl", "Clients/five_operations.py",
                "Clients/identity_provider.py", "Clients/make_workbook.py",
                "Clients/opened_data.py", "Clients/openid_provider.py",
                "Clients/reading_programs.py", "Network/taxii_client.py",
                "Sources/lorawan_uplinks.py",
                "Sources/modbus_gateway.py", "Sources/publish_uplinks.py",
                "Sources/serve_realtime.py",
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// With the path of libFuzzer, a program is built that feeds what strangers reach: `.ci/fuzz`.
if let fuzzer = Context.environment["BALAI_FUZZ"] {
    package.targets.append(
        .executableTarget(
            name: "Fuzzer",
            dependencies: ["FuzzTargets"],
            path: "Tests/Fuzzer",
            linkerSettings: [.unsafeFlags([fuzzer, "-lstdc++"])]
        )
    )
    // It watches which way the code takes. Programs that run while others are built are not watched.
    for target in package.targets where target.type == .regular || target.name == "Fuzzer" {
        let watched = SwiftSetting.unsafeFlags(["-sanitize=fuzzer"])
        target.swiftSettings = (target.swiftSettings ?? []) + [watched]
    }
}

// CI takes no warning in our own code; a newer compiler's new warnings stop nobody else.
let strict: [SwiftSetting] =
    Context.environment["BALAI_STRICT"] == nil ? [] : [.unsafeFlags(["-warnings-as-errors"])]

// Language settings are the same everywhere, so they are said once.
for target in package.targets where target.type != .system && target.type != .plugin {
    var settings = target.swiftSettings ?? []
    settings +=
        [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
        ] + strict
    target.swiftSettings = settings
}
