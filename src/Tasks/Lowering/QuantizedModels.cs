using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Quantization;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Models that were quantised before: the importer reads them, so that exported models can be checked, but this build quantises itself.
/// </summary>
[Lowers(LoweringForm.Native, typeof(QuantizeLinearOperator))]
[Lowers(LoweringForm.Native, typeof(DequantizeLinearOperator))]
internal sealed class QuantizedModels : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node) =>
        throw LoweringContext.NoKernel(node, "the model is quantised already; give the float model, quantisation is done by this build");
}
