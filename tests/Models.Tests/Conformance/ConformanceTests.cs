using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Conformance;

/// <summary>The single-operator tests of the ONNX backend suite through generated float32 code.</summary>
public class ConformanceTests
{
    private const double Required = 0.95;

    [SharedFact]
    public void GeneratedCodePassesTheOnnxSuite()
    {
        ConformanceResult[] results = ConformanceRun.Run([.. ConformanceCase.All()]);
        ConformanceResult[] applicable = [.. results.Where(r => !r.Case.HasForeignTypes)];
        int passed = applicable.Count(r => r.Failure is null);
        Assert.True(
            passed >= Required * applicable.Length,
            $"{passed} of {applicable.Length} passed\n" + string.Join("\n", applicable.Where(r => r.Failure is not null).Select(r => $"{r.Case.Test}: {r.Failure}")));

        string path = Path.Combine(SharedAssets.RepositoryRoot, "docs", "operators.md");
        string document = OperatorDocument.Render(results);
        if (Environment.GetEnvironmentVariable("UPDATE_BASELINES") == "1")
            File.WriteAllText(path, document);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == document, "docs/operators.md is not up to date: run this test with UPDATE_BASELINES=1");
    }
}
