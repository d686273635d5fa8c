import matplotlib.pyplot as plt
import xarray as xr

file = "itd_basic.h5"
read = {name: xr.open_dataset(file, group=f"analysis/{name}") for name in ("rasters", "confusion", "tuning_curves", "estimates")}
training = xr.open_dataset(file, group="training")
w_in = xr.open_dataset(file, group="weights/hidden/stimulus").w
w_out = xr.open_dataset(file, group="weights/output/hidden").w
figure, axes = plt.subplots(3, 4, figsize=(16, 11), layout="constrained")

for axis, layer in zip(axes[0], ("input", "hidden")):                       # rasters of one trial
    spikes = read["rasters"].where(read["rasters"][f"{layer}_spike_trial"] == read["rasters"].raster_trial[0])
    axis.plot(spikes[f"{layer}_spike_time"], spikes[f"{layer}_spike_neuron"], "|k", markersize=2)
    axis.set(title=f"{layer} spikes", xlabel="time (s)", ylabel="neuron")
training.loss.plot(ax=axes[0, 2])
training.accuracy.plot(ax=axes[0, 3])

axes[1, 0].hist([read["estimates"].true_value, read["estimates"].estimated_value], bins=12, label=["true", "estimated"])
axes[1, 0].legend()
read["confusion"].share.plot(ax=axes[1, 1], x="true_class")
read["tuning_curves"].hidden_mean.plot.line(ax=axes[1, 2], x="target", add_legend=False)
read["tuning_curves"].output_mean.plot.line(ax=axes[1, 3], x="target", add_legend=False)

w_in.plot(ax=axes[2, 0], y="input_channel")
w_out.plot(ax=axes[2, 1], y="output_neuron")
(w_in @ w_out).plot(ax=axes[2, 2], y="input_channel")                       # along the hidden neurons
read["tuning_curves"].hidden_mean.mean("target").plot.hist(ax=axes[2, 3])
figure.savefig("itd_basic.png")
