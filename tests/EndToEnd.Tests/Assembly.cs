// One after the other: each test starts several processes, on machines with two cores.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
