module.exports = {name: "x"};
