using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Graphs;
using OptimizerBuild.Models.Accuracy;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models;

/// <summary>Real networks as classes for several shapes, from the item's metadata to the generated code.</summary>
public sealed class SeveralShapesTests
{
    private const int Pixels = 28 * 28;

    private const string Driver = """
        using Generated;

        public static class Driver
        {
            private static readonly FashionMobilenet Model = new FashionMobilenet();

            public static float[] Predict(byte[] images) => Model.Predict(images).ToArray();

            public static float[] PredictPair(byte[] images) => Model.PredictPair(images).ToArray();

            public static void WarmUp() => Model.WarmUp();
        }
        """;

    /// <summary>The sample's network on one image, on eight, and on two under a name: all give the bytes of single predictions.</summary>
    [Fact]
    public void ABatchGivesTheBytesOfSinglePredictions()
    {
        var metadata = new Dictionary<string, string>
        {
            ["Shapes"] = "image=1,1,28,28 | image=8,1,28,28 | Pair: image=2,1,28,28",
            ["CalibrationData"] = "sample-app/data/fashion-calibration.npz",
            ["InputType"] = "UInt8",
            ["InputScale"] = "0.00392156862745098",
        };
        ModelOptions options = ItemMetadata.Parse(
            "sample-app/models/fashion-mobilenet.onnx", metadata, SharedAssets.RepositoryRoot, "Generated");
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        CompilationOutcome alone = ModelCompiler.Compile(options with { FurtherShapes = [] }, CancellationToken.None);
        Assert.Equal("int8", outcome.Plan.Facts.Precision);
        Assert.Equal(alone.Weights, outcome.Weights);

        using LoadedProject project = Project(outcome, Driver);
        byte[] pixels = DataSetReader.Read("sample-app/data/fashion-test.npz", SharedAssets.RepositoryRoot, DataLimits.Default)
            .Find("x")!.Values<byte>()[..(24 * Pixels)];
        var single = new PlanExecutor(alone.Plan, alone.Weights);
        for (int first = 0; first < 24; first += 8)
        {
            byte[] images = pixels[(first * Pixels)..((first + 8) * Pixels)];
            float[] expected = [.. Enumerable.Range(0, 8).SelectMany(i =>
                single.Run([Tensor.Of(images[(i * Pixels)..((i + 1) * Pixels)], 1, 1, 28, 28)])[0].Values<float>())];
            Assert.Equal(expected, (float[])project.Call("Driver", "Predict", images)!);
            Assert.Equal(expected[..10], (float[])project.Call("Driver", "Predict", images[..Pixels])!);
            Assert.Equal(expected[..20], (float[])project.Call("Driver", "PredictPair", images[..(2 * Pixels)])!);
            Assert.Equal(
                expected, new PlanExecutor(outcome.Plan, outcome.Weights, 1).Run([Tensor.Of(images, 8, 1, 28, 28)])[0].Values<float>());

            // The first round ran in the start-up path.
            project.Call("Driver", "WarmUp");
        }
    }

    /// <summary>Networks of the development set in float32: each entry gives the bytes of a build with its shapes alone.</summary>
    [Theory]
    [InlineData("ch_ppocr_mobile_v2.0_cls_infer", "x=1,3,48,192 | Wide: x=1,3,48,320 | x=4,3,48,192")]
    [InlineData("fashion-mobilenet", "image=1,1,28,28 | image=3,1,28,28")]
    [InlineData("standard_v3_3", "bytes=1,2048 | bytes=2,2048")]
    [InlineData("mnist-lenet5", "image=1,1,28,28 | image=5,1,28,28")]
    public void InFloatEveryEntryGivesTheBytesOfABuildAlone(string name, string shapes)
    {
        SharedAssets.Require();
        var sets = MetadataValues.ShapeSets(shapes)!.Value;
        ModelOptions options = SharedModels.Options(name) with
        {
            Precision = ModelPrecision.Float32,
            EvaluationData = null,
            InputType = InputElement.Float32,
            InputScale = [1],
            Shapes = sets[0].Shapes,
            FurtherShapes = sets[1..],
        };
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        for (int entry = 0; entry < sets.Length; entry++)
        {
            CompilationOutcome alone = ModelCompiler.Compile(
                options with { Shapes = sets[entry].Shapes, FurtherShapes = [] }, CancellationToken.None);
            Tensor[] sample = [.. alone.Plan.Inputs.Select(i => Sample(i.Type, i.Dimensions))];
            Tensor[] expected = new PlanExecutor(alone.Plan, alone.Weights).Run(sample);
            Tensor[] actual = new PlanExecutor(outcome.Plan, outcome.Weights, entry).Run(sample);
            for (int o = 0; o < expected.Length; o++)
                Assert.True(expected[o].SameAs(actual[o]), $"{name}, {sets[entry]}, output {o}");
        }
    }

    /// <summary>Integers for lines of text of two widths: the wide entry has the ranges and the weights of the narrow one.</summary>
    [Fact]
    public void InIntegersAnotherWidthStaysNearTheFloatModel()
    {
        SharedAssets.Require();
        var sets = MetadataValues.ShapeSets("x=1,3,48,192 | Wide: x=1,3,48,320")!.Value;
        ModelOptions options = SharedModels.Options("ch_ppocr_mobile_v2.0_cls_infer") with
        {
            Shapes = sets[0].Shapes,
            FurtherShapes = sets[1..],
        };
        CompilationOutcome integers = ModelCompiler.Compile(options, CancellationToken.None);
        CompilationOutcome floats = ModelCompiler.Compile(options with { Precision = ModelPrecision.Float32 }, CancellationToken.None);
        Assert.Contains(integers.Plan.Facts.Precision, (string[])["int8", "mixed"]);
        Assert.Equal(
            integers.Weights.Length, ModelCompiler.Compile(options with { FurtherShapes = [] }, CancellationToken.None).Weights.Length);
        PlanEntry wide = integers.Plan.Entries[1];
        Assert.Equal([1, 3, 48, 320], wide.Inputs[0].Dimensions);
        Tensor[] sample = [Sample(BoundaryType.Float32, wide.Inputs[0].Dimensions)];
        float[] expected = new PlanExecutor(floats.Plan, floats.Weights, 1).Run(sample)[0].Values<float>();
        float[] actual = new PlanExecutor(integers.Plan, integers.Weights, 1).Run(sample)[0].Values<float>();
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 0.1);
    }

    private static LoadedProject Project(CompilationOutcome outcome, string source) => new(new ConsumerProject
    {
        AssemblyName = "SeveralShapes",
        Documentation = false,
        Plans = [PlanWriter.Write(outcome.Plan)],
        Resources = new Dictionary<string, byte[]> { [outcome.Plan.Weights.ResourceName] = outcome.Weights },
        Sources = [source],
    }.Generate().AssertBuilds().Emit());

    private static Tensor Sample(BoundaryType type, EquatableList<int> dimensions)
    {
        var element = Enum.Parse<ElementType>(type.ToString());
        Tensor sample = Tensor.Zeros(TensorType.Of(element, [.. dimensions]));
        for (int i = 0; i < sample.Count; i++)
        {
            if (element == ElementType.Float32)
                sample.Values<float>()[i] = (((i * 37) % 101) / 50f) - 1;
            else
                sample.Data.SetValue(Convert.ChangeType((i * 37) % 101, element.ClrType(), null), i);
        }
        return sample;
    }
}
