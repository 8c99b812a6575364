namespace Coordinator.Testing;

/// <summary>Whether tests that gain by it may take long, as with <c>./test.sh --long</c>.</summary>
public static class LongRun
{
    private const string Variable = "COORDINATOR_TESTS_LONG";

    public static bool IsAsked => Environment.GetEnvironmentVariable(Variable) == "1";
}
