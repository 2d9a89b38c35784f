using OptimizerBuild.Models.Conformance;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models;

/// <summary>Real models through generated float32 code, against the outputs that ONNX Runtime gives for the same inputs.</summary>
public class GoldenTests
{
    private const double Absolute = 1e-4;

    // What is refused, by what it is refused for; everything else is right.
    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal)
    {
        ["mlnet/ExcludeVariablesInOnnxConversion"] = "the output 'F3.output' may hold a text that the caller passes",
        // The files of two outputs do not say what type they have.
        ["mlnet/Kmeans"] = "'PredictedLabel.output' is of type undefined",
        ["mlnet/MulticlassLogisticRegression"] = "'Label.onnx' is of type undefined",
    };

    public static TheoryData<string> Models
    {
        get
        {
            var data = new TheoryData<string>();
            if (SharedAssets.Folder is null)
                data.Add("");
            else
                foreach (string folder in Directory.EnumerateDirectories(SharedAssets.Path("golden"), "*", SearchOption.AllDirectories)
                    .Where(f => Directory.Exists(Path.Combine(f, "test_data_set_0"))).Order(StringComparer.Ordinal))
                    data.Add(Path.GetRelativePath(SharedAssets.Path("golden"), folder).Replace('\\', '/'));
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void GeneratedCodeGivesWhatOnnxRuntimeGives(string model)
    {
        SharedAssets.Require();
        string path = SharedAssets.Path($"models/{model}.onnx");
        ModelProto file = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        foreach (BackendDataSet set in BackendSuite.DataSetsOf(SharedAssets.Path($"golden/{model}")))
        {
            var one = new ConformanceCase(new BackendTest("golden", model, path, [set]), set, file);
            ConformanceResult result = Assert.Single(ConformanceRun.Run([one], Absolute));
            if (Refused.TryGetValue(model, out string? reason))
                Assert.Contains(reason, result.Failure, StringComparison.Ordinal);
            else
                Assert.True(result.Failure is null, result.Failure);
        }
    }
}
