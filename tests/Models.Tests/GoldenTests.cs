using OptimizerBuild.Models.Conformance;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models;

/// <summary>Real models through generated float32 code, against the outputs that ONNX Runtime gives for the same inputs.</summary>
public class GoldenTests
{
    private const double Absolute = 1e-4;

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
            Assert.True(result.Failure is null, result.Failure);
        }
    }
}
