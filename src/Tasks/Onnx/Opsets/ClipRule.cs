using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Clip before opset 11 has its bounds as attributes.</summary>
[OpsetRule("Clip")]
internal sealed class ClipRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 11)
            return [context.Node];
        ElementType element = context.Type(0).Element;
        return [context.WithInputs(1, Bound("min"), Bound("max")).Without("min").Without("max")];

        string Bound(string attribute) => context.Node.Has(attribute)
            ? context.AddConstant(attribute, NumericCast.Convert(Tensor.Scalar(context.Node.Float(attribute, 0)), element)
                ?? throw context.Invalid($"its input is {element}"))
            : "";
    }
}
