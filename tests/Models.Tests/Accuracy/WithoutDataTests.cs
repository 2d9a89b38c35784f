using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// Models without calibration data, in the forms that inputs usually have: the accuracy is within a point of that of the same model
/// calibrated on its data, the error of an autoencoder within a hundredth.
/// </summary>
public sealed class WithoutDataTests(ITestOutputHelper output)
{
    private const int TestSamples = 400;

    private const int CalibrationSamples = 128;

    /// <summary>
    /// All models with data whose nodes may run in integers: name, file, calibration data, evaluation data, what integers of the data are
    /// divided by. Magika reads the integers of its data, so that there is no other form.
    /// </summary>
    public static TheoryData<string, string, string, string, double> Cases => new()
    {
        { "mnist-lenet-300-100", "trained/mnist-lenet-300-100.onnx", Images("image", "mnist"), Labelled("image", "mnist"), 255 },
        { "mnist-lenet5", "trained/mnist-lenet5.onnx", Images("image", "mnist"), Labelled("image", "mnist"), 255 },
        { "cntk_mnist", "cntk/cntk_mnist.onnx", Images("Input3", "mnist"), Labelled("Input3", "mnist"), 1 },
        {
            "fashion-mobilenet", "trained/fashion-mobilenet.onnx", Images("image", "fashion-mnist"), Labelled("image", "fashion-mnist"), 255
        },
        { "ic_resnet8", "mlperf-tiny/ic_resnet8.onnx", "cifar10/cifar10-3995.npz", "cifar10/cifar10-3995.npz", 1 },
        { "ad01", "mlperf-tiny/ad01.onnx", "toycar/ad01-windows.npz", "toycar/ad01-windows.npz", 1 },
        { "digits-mlp", "trained/digits-mlp.onnx", "tabular/digits-train.npz", "tabular/digits-test.npz", 1 },
        { "wine-mlp", "trained/wine-mlp.onnx", "tabular/wine-train.npz", "tabular/wine-test.npz", 1 },
        { "cancer-mlp", "trained/cancer-mlp.onnx", "tabular/cancer-train.npz", "tabular/cancer-test.npz", 1 },
        { "standard_v3_3", "magika/standard_v3_3.onnx", "magika/files.npz", "magika/files.npz", 1 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void AccuracyIsThatOfTheCalibratedModel(string name, string file, string calibration, string evaluation, double divisor)
    {
        SharedAssets.Require();
        var options = new ModelOptions
        {
            ModelPath = SharedAssets.Path("models/" + file),
            Name = name,
            ClassName = "Model",
            InputScale = [1 / divisor],
        };
        Graph graph = SharedModels.Import(options);
        SampleSet train = Read(calibration, CalibrationSamples), test = Read(evaluation, TestSamples);
        foreach (InputForm form in FormsOf(graph, train))
        {
            Graph variant = form.Apply(graph);
            double calibrated = Measure(Quantise(variant, form.Of(train)), form, test);
            CompressedModel made = Quantise(variant, SyntheticCalibration.Create(variant));
            double reached = Measure(made, form, test);
            double share = made.Annotation<GraphQuantization>()!.IntegerMacShare(made.Graph);
            string what = FormattableString.Invariant(
                $"{name}, {form.Name}: calibrated {calibrated:F4}, without data {reached:F4}, {share:P1} of the products in integers");
            output.WriteLine(what);
            Assert.True(test.Labels is null ? reached <= 1.01 * calibrated : reached >= calibrated - 0.01, what);
        }

        SampleSet Read(string spec, int count) => SampleSplitter.ToSamples(
            DataSetReader.Read(spec, SharedAssets.Path("data"), DataLimits.Default, null), graph, InputAdaptation.Of(options), count);
    }

    // As it is, and as it might have been trained.
    private static IEnumerable<InputForm> FormsOf(Graph graph, SampleSet train)
    {
        yield return new("as it is", 1, 0);
        if (!graph.TypeOf(graph.Inputs[0]).Element.IsFloat())
            yield break;
        float[] all = [.. train.Samples.SelectMany(s => s[0].Values<float>())];
        double low = all.Min(), high = all.Max(), mean = all.Average(v => (double)v);
        yield return new("0…1", high - low, low);
        yield return new("0…255", (high - low) / 255, low);
        yield return new("normalised", Math.Sqrt(all.Average(v => (v - mean) * (v - mean))), mean);
    }

    private static CompressedModel Quantise(Graph imported, SampleSet data) =>
        new Quantizer(QuantizationOptions.Default).Apply(new(PassPipeline.Run(imported)), data, default).Model;

    // The share of right answers by the kernels that ship; without labels the mean squared error of the reconstruction.
    private static double Measure(CompressedModel model, InputForm form, SampleSet test)
    {
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions { ClassName = "Model", Interface = model.Graph });
        var options = new ModelOptions { ModelPath = "", Name = "model", ClassName = "Model" };
        var executor = new PlanExecutor(SharedModels.PlanOf(options, lowered), lowered.Weights);
        long[]? labels = test.Labels?.ToInt64();
        double sum = 0;
        for (int i = 0; i < test.Samples.Count; i++)
        {
            Tensor input = form.Of(test.Samples[i][0]);
            float[] scores = executor.Run([input]).First(r => r.Element == ElementType.Float32).Values<float>();
            sum += labels is not null
                ? Array.IndexOf(scores, scores.Max()) == labels[i] ? 1 : 0
                : scores.Zip(test.Samples[i][0].Values<float>()).Average(p => (p.First - p.Second) * (p.First - p.Second));
        }
        return sum / test.Samples.Count;
    }

    private static string Images(string input, string folder) => $"{input}={folder}/train-images-idx3-ubyte.gz";

    private static string Labelled(string input, string folder)
    {
        string first = folder == "mnist" ? "t10k-first3000" : "t10k";
        return $"{input}={folder}/{first}-images-idx3-ubyte.gz;y={folder}/{first}-labels-idx1-ubyte.gz";
    }
}
