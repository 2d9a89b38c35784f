using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>
/// The rank of a matrix under noise of unknown power: empirical variational Bayes matrix factorisation, whose global solution has a closed
/// form (S. Nakajima et al. 2013, "Global Analytic Solution of Fully-observed Variational Bayesian Matrix Factorization", JMLR 14,
/// theorem 2 and corollary 2 for the threshold, section 5.2 for the power of the noise). A singular value stays where it lies above what a
/// matrix of noise alone would have.
/// </summary>
internal static class VariationalRank
{
    // The constant of the threshold, in its form for all proportions of a matrix: τ = 2.5129·√α.
    private const double ThresholdFactor = 2.5129;

    // Powers of noise that are tried, evenly in proportion, and then how often the best one's neighbourhood is narrowed.
    private const int Trials = 200, Refinements = 40;

    /// <summary>The rank.</summary>
    /// <param name="squares">The squares of the singular values, the greatest first; as many as the shorter side is long.</param>
    /// <param name="longer">The longer side of the matrix.</param>
    public static int Of(IReadOnlyList<double> squares, int longer)
    {
        int shorter = squares.Count;
        double sum = squares.Sum(s => Math.Max(s, 0));
        if (shorter == 0 || longer < shorter || !(sum > 0) || !double.IsFinite(sum))
            return 0;
        double alpha = (double)shorter / longer, tau = ThresholdFactor * Math.Sqrt(alpha);
        double threshold = (1 + tau) * (1 + (alpha / tau));
        int most = Math.Min((int)Math.Ceiling(shorter / (1 + alpha)) - 1, shorter - 1);
        double rest = squares.Skip(most).Sum(s => Math.Max(s, 0));
        double greatest = sum / ((double)shorter * longer);
        double least = Math.Max(Math.Max(squares[most], 0) / (longer * threshold), rest / ((double)longer * (shorter - most)));
        // A matrix of an exact rank has no noise.
        least = Math.Max(least, 1e-9 * greatest);
        double noise = least < greatest ? Least(least, greatest) : greatest;
        return squares.Count(s => s > longer * noise * threshold);

        double Least(double low, double high)
        {
            double step = ElementaryFunctions.Exp(ElementaryFunctions.Log(high / low) / Trials), at = low, best = low;
            double leastEnergy = double.PositiveInfinity;
            for (int i = 0; i <= Trials; i++, at *= step)
                if (Energy(at) is var energy && energy < leastEnergy)
                    (leastEnergy, best) = (energy, at);
            (double left, double right) = (Math.Max(best / step, low), Math.Min(best * step, high));
            for (int i = 0; i < Refinements; i++)
            {
                double a = left + ((right - left) / 3), b = right - ((right - left) / 3);
                if (Energy(a) <= Energy(b))
                    right = b;
                else
                    left = a;
            }
            return (left + right) / 2;
        }

        // The free energy but for what does not depend on the noise.
        double Energy(double noise)
        {
            double energy = 0;
            foreach (double square in squares)
            {
                double x = Math.Max(square, 0) / (longer * noise);
                x = Math.Max(x, 1e-300);
                energy += x - ElementaryFunctions.Log(x);
                if (x <= threshold)
                    continue;
                double part = x - (1 + alpha);
                double t = (part + Math.Sqrt(Math.Max((part * part) - (4 * alpha), 0))) / 2;
                energy += ElementaryFunctions.Log(t + 1) + (alpha * ElementaryFunctions.Log((t / alpha) + 1)) - t;
            }
            return energy;
        }
    }
}
