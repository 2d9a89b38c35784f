using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Pruning;

/// <summary>
/// The order in which channels vanish so that the layers that read them can best be made good: greedily the channel without which the
/// readers' results on calibration samples, after the best change of all their other weights, differ least (greedy selection by
/// reconstruction of the next layer as in ThiNet, J. Luo et al. 2017, arXiv 1707.06342, section 3.2, and Y. He et al. 2017, arXiv
/// 1707.06168; the least error with compensation and the update in closed form are those of the optimal brain surgeon, B. Hassibi and
/// D. Stork 1993, with a channel's columns as one block).
/// </summary>
internal sealed class ReconstructionRanking
{
    private const double Ridge = 1e-3;

    // Work and memory grow with the third and the second power.
    private const int MostColumns = 1280;

    private readonly ChannelGroup _group;
    private readonly Reader[] _readers;

    private ReconstructionRanking(ChannelGroup group, Reader[] readers)
    {
        _group = group;
        _readers = readers;
    }

    /// <summary>The layers of a group's readers that can be reconstructed.</summary>
    public static IEnumerable<LayerMatrix> Readers(ChannelAnalysis analysis, ChannelGroup group) => group.Sites
        .Where(s => s.Role == ChannelRole.Reads)
        .Select(s => LayerMatrix.Of(analysis.Graph, analysis.ContextOf(s.Node).Node)).OfType<LayerMatrix>()
        .Where(l => l is { Groups: 1, Columns: <= MostColumns, Rows: > 0 });

    /// <summary>Prepares the ranking of a group; null where no reader can be reconstructed.</summary>
    /// <param name="analysis">The analysis.</param>
    /// <param name="group">The group.</param>
    /// <param name="moments">What layers read on the calibration samples, by their names.</param>
    public static ReconstructionRanking? Of(
        ChannelAnalysis analysis, ChannelGroup group, IReadOnlyDictionary<string, LayerMoments> moments)
    {
        var readers = new List<Reader>();
        foreach (LayerMatrix layer in Readers(analysis, group))
        {
            ChannelSite site = group.Sites.Single(s => s.Node == layer.Node.Name && s.Role == ChannelRole.Reads);
            if (moments.TryGetValue(layer.Node.Name, out LayerMoments? known) && Reader.Of(layer, site, known) is { } reader)
                readers.Add(reader);
        }
        return readers.Count == 0 ? null : new(group, [.. readers]);
    }

    /// <summary>Ranks the channels. The errors are shares of the readers' power, added up over the readers.</summary>
    /// <param name="least">How many channels stay at least.</param>
    /// <param name="probe">After how many channels <paramref name="weights"/> are taken.</param>
    /// <param name="weights">The readers' weights and biases when so many have vanished, by node and input.</param>
    public ChannelRanking Rank(int least, int probe, out IReadOnlyDictionary<(string Node, int Input), Tensor> weights)
    {
        var taken = new Dictionary<(string, int), Tensor>();
        var remaining = new RemainingChannels(_group);
        var left = _group.Channels.ToList();
        int count = Math.Max(left.Count - least, 0);
        var (order, errors) = (new List<int>(), new List<double> { 0 });
        for (int n = 0; n < count; n++)
        {
            left.RemoveAll(c => !remaining.MayVanish(c));
            if (left.Count == 0)
                break;
            var costs = new double[left.Count];
            Parallel.For(0, left.Count, i =>
            {
                double cost = 0;
                foreach (Reader reader in _readers)
                    cost += reader.Cost(left[i]);
                costs[i] = cost;
            });
            int best = 0;
            for (int i = 1; i < costs.Length; i++)
                if (costs[i] < costs[best])
                    best = i;
            order.Add(left[best]);
            errors.Add(errors[n] + Math.Max(costs[best], 0));
            left.RemoveAt(best);
            remaining.Remove(order[n]);
            foreach (Reader reader in _readers)
                reader.Remove(order[n]);
            if (n + 1 == probe)
                foreach (Reader reader in _readers)
                    reader.Take(taken);
        }
        weights = taken;
        return new([.. order], [.. errors]);
    }

    /// <summary>A layer that reads the channels, with the inverse of its columns' products and the weights so far.</summary>
    private sealed class Reader
    {
        private readonly LayerMatrix _layer;
        private readonly Dictionary<int, int[]> _columns;
        private readonly double[] _weights;
        private readonly double[] _inverse;
        private readonly double[] _mean;
        private readonly double _power;

        private Reader(LayerMatrix layer, Dictionary<int, int[]> columns, double[] weights, double[] inverse, double[] mean, double power)
        {
            _layer = layer;
            _columns = columns;
            _weights = weights;
            _inverse = inverse;
            _mean = mean;
            _power = power;
        }

        public static Reader? Of(LayerMatrix layer, ChannelSite site, LayerMoments moments)
        {
            int n = layer.Columns;
            double[] second = moments.Second(layer.TakesBias);
            double[] weights = Array.ConvertAll(layer.Weights(0), w => (double)w);
            double power = 0, trace = 0;
            var product = new double[layer.Outputs];
            Parallel.For(0, layer.Outputs, o =>
            {
                ReadOnlySpan<double> w = weights.AsSpan(o * n, n);
                double sum = 0;
                for (int i = 0; i < n; i++)
                {
                    double row = 0;
                    for (int j = 0; j < n; j++)
                        row += second[(i * n) + j] * w[j];
                    sum += w[i] * row;
                }
                product[o] = sum;
            });
            foreach (double p in product)
                power += p;
            for (int i = 0; i < n; i++)
                trace += second[(i * n) + i];
            for (int i = 0; i < n; i++)
                second[(i * n) + i] += Ridge * trace / n;
            if (!(power > 0) || Cholesky.Of(second, n) is not { } factor)
                return null;
            var columns = new Dictionary<int, int[]>();
            foreach (IGrouping<int, int> channel in site.Places)
                columns[channel.Key] = [.. channel.SelectMany(p => Enumerable.Range(p * layer.Taps, layer.Taps))];
            return new(layer, columns, weights, factor.Inverse(), moments.Mean, power);
        }

        // Σₒ w·P⁻¹·wᵀ over the channel's columns, where P is their block of the inverse.
        public double Cost(int channel)
        {
            if (!_columns.TryGetValue(channel, out int[]? block) || Factor(block) is not { } factor)
                return 0;
            double sum = 0;
            var right = new double[block.Length];
            for (int o = 0; o < _layer.Outputs; o++)
            {
                for (int i = 0; i < right.Length; i++)
                    right[i] = _weights[(o * _layer.Columns) + block[i]];
                factor.Solve(right);
                for (int i = 0; i < right.Length; i++)
                    sum += right[i] * _weights[(o * _layer.Columns) + block[i]];
            }
            return sum / _power;
        }

        public void Remove(int channel)
        {
            if (!_columns.TryGetValue(channel, out int[]? block) || Factor(block) is not { } factor)
                return;
            int n = _layer.Columns, size = block.Length;
            // Rows of P⁻¹ · inverse[block, :].
            var rows = new double[size * n];
            Parallel.For(0, n, k =>
            {
                var right = new double[size];
                for (int i = 0; i < size; i++)
                    right[i] = _inverse[(block[i] * n) + k];
                factor.Solve(right);
                for (int i = 0; i < size; i++)
                    rows[(i * n) + k] = right[i];
            });
            Subtract(_weights, _layer.Outputs);
            Subtract(_inverse, n);

            void Subtract(double[] matrix, int count) => Parallel.For(0, count, r =>
            {
                Span<double> row = matrix.AsSpan(r * n, n);
                var factors = new double[size];
                for (int i = 0; i < size; i++)
                    factors[i] = row[block[i]];
                for (int i = 0; i < size; i++)
                {
                    double f = factors[i];
                    ReadOnlySpan<double> from = rows.AsSpan(i * n, n);
                    for (int k = 0; f != 0 && k < n; k++)
                        row[k] -= f * from[k];
                }
                foreach (int column in block)
                    row[column] = 0;
            });
        }

        public void Take(Dictionary<(string, int), Tensor> to)
        {
            float[] whole = _layer.Weights(0);
            to[(_layer.Node.Name, 1)] = _layer.WeightTensor([Array.ConvertAll(_weights, w => (float)w)]);
            if (_layer.Bias is not { } bias || !_layer.TakesBias)
                return;
            var moved = new float[bias.Length];
            for (int o = 0; o < moved.Length; o++)
            {
                double sum = bias[o];
                for (int k = 0; k < _layer.Columns; k++)
                    sum += (whole[(o * _layer.Columns) + k] - _weights[(o * _layer.Columns) + k]) * _mean[k];
                moved[o] = (float)sum;
            }
            to[(_layer.Node.Name, 2)] = Tensor.Of(moved, moved.Length);
        }

        private Cholesky? Factor(int[] block)
        {
            int n = _layer.Columns;
            var p = new double[block.Length * block.Length];
            for (int i = 0; i < block.Length; i++)
                for (int j = 0; j < block.Length; j++)
                    p[(i * block.Length) + j] = _inverse[(block[i] * n) + block[j]];
            return Cholesky.Of(p, block.Length);
        }
    }
}
