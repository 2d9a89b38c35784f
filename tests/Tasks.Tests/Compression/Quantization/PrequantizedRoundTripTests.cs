using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Export;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Drawn graphs are quantised, exported in QDQ form, read back and compiled again with the scales that the file holds.</summary>
public sealed class PrequantizedRoundTripTests
{
    [Fact]
    public void ExportedModelsGiveTheSameIntegersAgain()
    {
        int equal = 0, compared = 0;
        PropertyCheck.Holds(GraphDescription.All, description =>
        {
            CompressedModel first = Plans.Quantize(PassPipeline.Run(description.Build()));
            Graph exported = OnnxImporter.Import(QdqExporter.Export(first), "exported.onnx", ImportOptions.Default).Graph;
            CompressionResult result = new Quantizer(new QuantizationOptions { Precision = ModelPrecision.Auto })
                .Apply(new CompressedModel(PassPipeline.Run(exported)), SampleSet.Empty, CancellationToken.None);
            GraphQuantization before = first.Annotation<GraphQuantization>()!, after = result.Model.Annotation<GraphQuantization>()!;
            QuantizationInvariants.Check(result.Model.Graph, after);

            // A resampling is exported as a product with real weights, which is a layer in float32 when it is read back.
            if (before.Nodes.Values.Any(n => n.Integer) && !first.Graph.Nodes.Any(n => n.Is<AxisResamplingOperator>()))
                Assert.Equal(before.IntegerMacShare(first.Graph), after.IntegerMacShare(result.Model.Graph), 1e-9);

            PlanExecutor original = Plans.Execute(GraphLowerer.Lower(first, new BoundaryOptions()));
            PlanExecutor again = Plans.Execute(GraphLowerer.Lower(result.Model, new BoundaryOptions()));
            IReadOnlyList<Tensor> sample = description.Sample(first.Graph, 0);
            Tensor[] expected = original.Run(sample), actual = again.Run(sample);
            for (int o = 0; o < expected.Length; o++)
            {
                float[] e = expected[o].Values<float>(), a = actual[o].Values<float>();
                double step = before.Values.TryGetValue(first.Graph.Outputs[o], out ActivationQuantization? q) ? q.Scale : 0;
                double least = Math.Max(1.01 * step, 1e-4 * e.Select(Math.Abs).DefaultIfEmpty().Max());
                compared++;
                equal += e.Zip(a).All(p => Math.Abs(p.First - p.Second) <= least) ? 1 : 0;
            }
        }, 150);

        // A tie that one of the two rounds up is a level, which several layers behind it may make more of.
        Assert.True(equal >= 0.95 * compared, $"{equal} of {compared} outputs are within one level");
    }
}
