namespace OptimizerBuild.Kernels.Tests;

/// <summary>Comparison of arenas.</summary>
internal static class CaseAssert
{
    /// <summary>Fails with the first difference.</summary>
    public static void Same(byte[] expected, byte[] actual, string what)
    {
        int at = expected.AsSpan().CommonPrefixLength(actual);
        if (at < expected.Length || expected.Length != actual.Length)
            Assert.Fail($"{what}: first difference at byte {at} of {expected.Length}: expected {expected[at]}, found {actual[at]}");
    }
}
