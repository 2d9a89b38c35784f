using OptimizerBuild.Evaluation;
using OptimizerBuild.Generators.Tests.Harness;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models;

/// <summary>The sample's network on images of any size and format: the generated code resizes as the build does.</summary>
public sealed class ImagePredictorTests
{
    private const string Driver = """
        using System;
        using Generated;

        public static class Driver
        {
            private static readonly FashionMobilenet Model = new FashionMobilenet();

            public static float[] Exact(byte[] pixels) { Model.Predict(pixels); return Model.Scores.ToArray(); }

            public static float[] Sized(byte[] pixels, int width, int height, int stride, int format)
            {
                FashionMobilenet.Prediction p = Model.Predict(pixels, width, height, (FashionMobilenet.PixelFormat)format, stride);
                float[] scores = Model.Scores.ToArray();
                return scores[p.Index] == System.Linq.Enumerable.Max(scores) ? scores : throw new InvalidOperationException();
            }

            public static float[] Gray(byte[] pixels, int width, int height)
            {
                Model.Predict(pixels, width, height);
                return Model.Scores.ToArray();
            }

            public static long AllocatedBy(byte[] pixels, int width, int height)
            {
                Model.WarmUp();
                for (int i = 0; i < 3; i++)
                    Model.Predict(pixels, width, height);
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 10; i++)
                    Model.Predict(pixels, width, height);
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
        """;

    [Fact]
    public void ImagesAreResizedAsInTheBuild()
    {
        CompilationOutcome outcome = Compile();
        var executor = new PlanExecutor(outcome.Plan, outcome.Weights);
        using LoadedProject project = Project(outcome.Plan, outcome.Weights, Driver);
        byte[] exact = Noise(28 * 28, 1);
        float[] scores = executor.Run([Tensor.Of(exact, 1, 28, 28, 1)])[0].Values<float>();
        Assert.Equal(scores, (float[])project.Call("Driver", "Exact", exact)!);

        PlanImage image = outcome.Plan.Image!;
        Assert.Equal((28, 28, 1, 32), (image.Height, image.Width, image.Channels, image.ShorterSide));
        var resizer = new ImageResizer(28, 28, 1, false, 28, 28, 32, (int)image.Filter);
        foreach ((int width, int height, int format, int bytes, int more) in ((int, int, int, int, int)[])
            [(60, 41, 0, 3, 0), (28, 50, 1, 3, 5), (101, 99, 2, 4, 0), (30, 30, 3, 4, 8), (7, 9, 4, 1, 3)])
        {
            int stride = (width * bytes) + more;
            byte[] pixels = Noise(stride * height, width);
            byte[] resized = resizer.Run(pixels, width, height, stride, format, "image").ToArray();
            Assert.Equal(executor.Run([Tensor.Of(resized, 1, 28, 28, 1)])[0].Values<float>(),
                (float[])project.Call("Driver", "Sized", pixels, width, height, stride, format)!);
        }
        Assert.Equal(0L, project.Call("Driver", "AllocatedBy", Noise(90 * 80, 5), 90, 80));
        Assert.Contains("'image' must hold 4 bytes for 2×2 pixels of 1, but it holds 3",
            Assert.ThrowsAny<Exception>(() => project.Call("Driver", "Gray", new byte[3], 2, 2)).ToString(), StringComparison.Ordinal);
        Assert.Equal(scores, (float[])project.Call("Driver", "Exact", exact)!);
    }

    /// <summary>Code against the class compiles before the first build, too.</summary>
    [Fact]
    public void TheSignatureHasTheSameMembers()
    {
        ModelPlan signature = ModelCompiler.DescribeSignature(Options());
        using LoadedProject project = Project(signature, [], Driver);
        Assert.Contains("build the project first",
            Assert.ThrowsAny<Exception>(() => project.Call("Driver", "Exact", new byte[784])).ToString(), StringComparison.Ordinal);
    }

    private static ModelOptions Options() => ItemMetadata.Parse("sample-app/models/fashion-mobilenet.onnx", new Dictionary<string, string>
    {
        ["Preprocess"] = "Unit",
        ["Resize"] = "32",
        ["Labels"] = "sample-app/data/labels.txt",
        ["CalibrationData"] = "sample-app/data/fashion-calibration.npz",
    }, SharedAssets.RepositoryRoot, "Generated");

    private static CompilationOutcome Compile() => ModelCompiler.Compile(Options(), CancellationToken.None);

    private static LoadedProject Project(ModelPlan plan, byte[] weights, string source) => new(new ConsumerProject
    {
        AssemblyName = "Images",
        Plans = [PlanWriter.Write(plan)],
        Resources = new Dictionary<string, byte[]> { [plan.Weights.ResourceName] = weights },
        Documentation = false,
        Sources = [source],
    }.Generate().AssertBuilds().Emit());

    private static byte[] Noise(int length, int seed)
    {
        var noise = new byte[length];
        new Random(seed).NextBytes(noise);
        return noise;
    }
}
