using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OptimizerBuild.Compression.Quantization.Weights;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>
/// The sums <c>bias'[c] + Σ x[k]·w[c][k]</c> of one group of output channels (docs/arithmetic.md, Dot products) for many rows of
/// inputs. Sums run in 32 bits where the bound of <see cref="AccumulatorBound"/> holds, which makes them exact, else in 64.
/// </summary>
internal sealed class ChannelSums
{
    // Channels side by side in the unpacked weights: two vectors.
    private const int Panel = 16;

    private readonly int _length;
    private readonly int[] _weights;
    private readonly long[] _bias;
    private readonly bool _narrow;

    /// <summary>
    /// Unpacks the weights of channels <paramref name="first"/> to <paramref name="first"/> + <paramref name="channels"/> − 1.
    /// </summary>
    public ChannelSums(DotProductLayer layer, WeightQuantization weights, int zeroPoint, int first, int channels)
    {
        _length = layer.Length;
        _weights = new int[(channels + Panel - 1) / Panel * Panel * _length];
        _bias = new long[channels];
        long greatest = 0;
        for (int c = 0; c < channels; c++)
        {
            long sum = 0;
            long absolute = 0;
            for (int k = 0; k < _length; k++)
            {
                int w = weights.Values[layer.Index(first + c, k)];
                _weights[Index(c, k)] = w;
                sum += w;
                absolute += Math.Abs(w);
            }
            _bias[c] = weights.Bias[first + c] - (zeroPoint * sum);
            greatest = Math.Max(greatest, Math.Abs(_bias[c]) + (255 * absolute));
        }
        _narrow = greatest < AccumulatorBound.Limit;
    }

    /// <summary>Computes the sums.</summary>
    /// <param name="rows">The inputs as stored, padding included: rows of as many as a channel has weights.</param>
    /// <param name="sums">Receives one sum for each row and channel.</param>
    public void Compute(ReadOnlySpan<int> rows, Span<long> sums)
    {
        int count = rows.Length / _length;
        if (_narrow)
        {
            Span<int> block = stackalloc int[4 * Panel];
            for (int row = 0; row < count; row += 4)
                for (int panel = 0; panel < _bias.Length; panel += Panel)
                {
                    // The last rows repeat the very last one, so that there are always four.
                    Block(rows, row, Math.Min(row + 1, count - 1), Math.Min(row + 2, count - 1), Math.Min(row + 3, count - 1), panel,
                        block);
                    for (int r = 0; r < 4 && row + r < count; r++)
                        for (int c = 0; c < Panel && panel + c < _bias.Length; c++)
                            sums[((row + r) * _bias.Length) + panel + c] = block[(r * Panel) + c] + _bias[panel + c];
                }
            return;
        }
        for (int row = 0; row < count; row++)
            for (int c = 0; c < _bias.Length; c++)
            {
                long sum = _bias[c];
                for (int k = 0; k < _length; k++)
                    sum += (long)rows[(row * _length) + k] * _weights[Index(c, k)];
                sums[(row * _bias.Length) + c] = sum;
            }
    }

    // Four rows times sixteen channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Block(ReadOnlySpan<int> rows, int row0, int row1, int row2, int row3, int panel, Span<int> sums)
    {
        ReadOnlySpan<Vector256<int>> weights = MemoryMarshal.Cast<int, Vector256<int>>(_weights.AsSpan(panel * _length, Panel * _length));
        ReadOnlySpan<int> x0 = rows.Slice(row0 * _length, _length);
        ReadOnlySpan<int> x1 = rows.Slice(row1 * _length, _length);
        ReadOnlySpan<int> x2 = rows.Slice(row2 * _length, _length);
        ReadOnlySpan<int> x3 = rows.Slice(row3 * _length, _length);
        Vector256<int> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        for (int k = 0; k < x0.Length; k++)
        {
            Vector256<int> w0 = weights[2 * k];
            Vector256<int> w1 = weights[(2 * k) + 1];
            var x = Vector256.Create(x0[k]);
            a0 += x * w0;
            a1 += x * w1;
            x = Vector256.Create(x1[k]);
            b0 += x * w0;
            b1 += x * w1;
            x = Vector256.Create(x2[k]);
            c0 += x * w0;
            c1 += x * w1;
            x = Vector256.Create(x3[k]);
            d0 += x * w0;
            d1 += x * w1;
        }
        Span<Vector256<int>> target = MemoryMarshal.Cast<int, Vector256<int>>(sums);
        (target[0], target[1], target[2], target[3]) = (a0, a1, b0, b1);
        (target[4], target[5], target[6], target[7]) = (c0, c1, d0, d1);
    }

    private int Index(int channel, int k) => (((channel / Panel * _length) + k) * Panel) + (channel % Panel);
}
