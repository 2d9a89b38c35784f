using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>One layer's weights get fewer bits.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Precision">What they become.</param>
/// <param name="Noise">How much noise it adds to the outputs, in proportion to their power.</param>
/// <param name="Bytes">The bytes that it saves.</param>
internal sealed record BitStep(string Layer, ModelPrecision Precision, double Noise, double Bytes)
{
    /// <summary>One line about it for the report.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"'{Layer}' to {Precision}: {Bytes:F0} bytes for noise of {Noise:G3} of the outputs' power");
}

/// <summary>
/// In which order layers get fewer bits: always the step that costs the outputs least for the bytes that it saves. The noises of single
/// layers add up as long as they are small (as in Z. Dong et al., "HAWQ-V2", arXiv 1911.03852, section 3.2, which takes the trace of the
/// Hessian in the place of what is measured here), so that along each layer only the steps on the lower convex hull of noise over bytes are
/// taken, and these in the order of their slopes.
/// </summary>
internal static class BitSteps
{
    /// <summary>Puts steps in order.</summary>
    /// <param name="costs">What each precision costs in each layer.</param>
    /// <param name="bits">The bits that weights have before.</param>
    public static ImmutableArray<BitStep> Of(IEnumerable<LayerBits> costs, double bits)
    {
        var steps = new List<BitStep>();

        // A layer may have become several.
        foreach (IGrouping<string, LayerBits> layer in costs.GroupBy(c => c.Layer, StringComparer.Ordinal))
        {
            (ModelPrecision Precision, double Noise, double Bytes)[] points =
            [
                .. layer.GroupBy(c => c.Precision).Select(p =>
                    (p.Key, p.Sum(c => c.Noise), p.Sum(c => c.Weights) * (bits - BitsOf(p.Key)) / 8)),
            ];
            (double noise, double bytes) = (0, 0);
            while (points.Where(p => p.Bytes > bytes).ToArray() is { Length: > 0 } left)
            {
                (ModelPrecision Precision, double Noise, double Bytes) next = left.MinBy(p => (p.Noise - noise) / (p.Bytes - bytes));
                double more = Math.Max(next.Noise - noise, 0);
                steps.Add(new(layer.Key, next.Precision, more, next.Bytes - bytes));
                (noise, bytes) = (noise + more, next.Bytes);
            }
        }
        return [.. steps.OrderBy(s => s.Noise / s.Bytes)];
    }

    /// <summary>The rules for single layers after some of the steps, before those of the item, which hold against them.</summary>
    public static string Rules(ReadOnlySpan<BitStep> steps, LayerRules own)
    {
        var rules = new List<LayerRule>();
        foreach (BitStep step in steps)
        {
            // A semicolon would end the rule; a question mark stands for any character.
            var rule = new LayerRule(step.Layer.Replace(';', '?')) { Precision = step.Precision };
            int known = rules.FindIndex(r => r.Pattern == rule.Pattern);
            if (known >= 0)
                rules[known] = rule;
            else
                rules.Add(rule);
        }
        return string.Join(';', rules.Concat(own.Rules));
    }

    // Five ternary weights share a byte.
    private static double BitsOf(ModelPrecision precision) => precision switch
    {
        ModelPrecision.Int4 => 4,
        ModelPrecision.Ternary => 1.6,
        ModelPrecision.Binary => 1,
        _ => 8,
    };
}
